// Runs programs in other languages than JavaScript quickly: those in Python in one
// interpreter, those in Go compiled together into one program.
import { execFile, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const execute = promisify(execFile);
const patience = 20_000;

/**
 * Returns what runs a program in Python in a folder, one at a time, and resolves with what
 * it printed last, as a list. The first one starts the interpreter, which ends with this
 * process.
 */
export function interpreter(command, cwd) {
  const script = fileURLToPath(new URL("../py/programs.py", import.meta.url));
  let child, lines;
  const begin = () => {
    child = spawn(command, [script], { cwd, stdio: ["pipe", "pipe", "inherit"] });
    child.stdin.on("error", () => {}); // it has ended, which the lines say too
    lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  };
  return async (code) => {
    if (!child) begin();
    const timer = setTimeout(() => child.kill(), patience);
    child.stdin.write(`${JSON.stringify(code)}\n`);
    const { value, done } = await lines.next();
    clearTimeout(timer);
    if (done) throw new Error("the interpreter has ended");
    const { printed, error } = JSON.parse(value);
    if (error) throw new Error(error);
    return printed;
  };
}

/**
 * Compiles programs in Go, by their names, in a module of its own that has nothing but the
 * standard library; go vet has to pass too. Each is a package, and one program calls that
 * which its argument names: to link each one would take longer than all the rest. Returns
 * what runs one by its name and resolves with what it printed.
 */
export async function compiled(programs, cwd) {
  if (Object.keys(programs).length === 0) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "parley-examples-"));
  process.on("exit", () => rmSync(folder, { recursive: true }));
  const go = (...args) => execute("go", args, { cwd: folder, env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off" } });
  const imports = [], calls = [];
  for (const [name, code] of Object.entries(programs)) {
    const pkg = name.replaceAll(/[^a-z0-9]+/g, "_");
    mkdirSync(join(folder, pkg));
    writeFileSync(join(folder, pkg, "example.go"), code.replace(/^package main$/m, `package ${pkg}`).replace(/^func main\(\)/m, "func Main()"));
    imports.push(`\t"examples/${pkg}"\n`);
    calls.push(`\tcase ${JSON.stringify(name)}:\n\t\t${pkg}.Main()\n`);
  }
  writeFileSync(join(folder, "main.go"), `package main\n\nimport (\n\t"os"\n\n${imports.join("")})\n\n` +
    `func main() {\n\tswitch os.Args[1] {\n${calls.join("")}\tdefault:\n\t\tpanic("no such program")\n\t}\n}\n`);
  await go("mod", "init", "examples");
  await go("vet", "./...");
  await go("build", "-ldflags=-s -w", "-o", "all", ".");
  return async (name) => (await execute(join(folder, "all"), [name], { cwd, timeout: patience })).stdout;
}

/**
 * Listens in front of the server for programs that cannot be changed before each run.
 * change() says where the server is and what becomes of the text of a request. Returns
 * the address.
 */
export async function front(change) {
  const listener = createServer((request, response) => {
    forward(request, change()).then(async (reply) => {
      response.writeHead(reply.status, { "Content-Type": reply.headers.get("Content-Type") ?? "" });
      response.end(Buffer.from(await reply.arrayBuffer()));
    }).catch((error) => response.writeHead(502).end(String(error)));
  });
  await new Promise((done) => listener.listen(0, "127.0.0.1", done));
  return `http://127.0.0.1:${listener.address().port}`;
}

/** Sends a request on to the server. */
async function forward(request, { url, put }) {
  const { host, connection, "content-length": length, "transfer-encoding": coding, ...headers } = request.headers;
  const body = Buffer.concat(await request.toArray()).toString("latin1");
  return fetch(url + put(request.url), { method: request.method, headers, ...(body && { body: Buffer.from(put(body), "latin1") }) });
}
