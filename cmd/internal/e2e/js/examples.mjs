// Runs the examples of the documentation against a running Parley: those for a shell by
// bash, those in JavaScript as modules, those in Python and Go as languages.mjs says. Before
// each one it makes what the example names, so that every one can succeed, whatever ran
// before it. What ends the server comes last, and each such example needs one of its own.
// Usage: node examples.mjs <key> <snippets.json> <file for the replies> <python3> http://127.0.0.1:3000 ...
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { STATUS_CODES } from "node:http";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { inspect, promisify } from "node:util";
import { contract } from "./contract.mjs";
import { compiled, front, interpreter } from "./languages.mjs";
import { check, finish, server } from "./lib.mjs";

const [key, snippetsFile, repliesFile, python3, ...urls] = process.argv.slice(2);
let url = urls.shift();
const snippets = JSON.parse(readFileSync(snippetsFile, "utf8"));
process.env.PARLEY_KEY = key;
const base = "http://localhost:3000";
const run = promisify(execFile);
const { validate } = await contract(url, key);

// The packages that the modules import are found from here.
const home = join(dirname(fileURLToPath(import.meta.url)), "node_modules", ".examples");
mkdirSync(home, { recursive: true });
const folder = mkdtempSync(join(home, "run-"));
process.on("exit", () => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, "hello.txt"), "hello");
writeFileSync(join(folder, "hello.wav"), silence(1600));
process.chdir(folder);
writeFileSync(join(folder, ".curlrc"), "silent\nshow-error\nfail-with-body\n");

/** Returns a recording of silence: a WAV file of 16-bit samples, 16,000 a second. */
function silence(samples) {
  const wav = Buffer.alloc(44 + samples * 2);
  wav.write("RIFF", 0);
  wav.writeUInt32LE(36 + samples * 2, 4);
  wav.write("WAVEfmt ", 8);
  [[16, 4], [1, 2], [1, 2], [16_000, 4], [32_000, 4], [2, 2], [16, 2]].reduce((at, [value, bytes]) => wav.writeUIntLE(value, at, bytes), 16);
  wav.write("data", 36);
  wav.writeUInt32LE(samples * 2, 40);
  return wav;
}

/** Calls the server and returns data, undefined for what does not exist. */
async function call(method, path, body) {
  const response = await fetch(url + path, { method, headers: { "X-API-KEY": key, ...(body && { "Content-Type": "application/json" }) },
    body: body && JSON.stringify(body) });
  if (response.status === 404) return undefined;
  const reply = response.status === 204 ? {} : await response.json();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(reply)}`);
  return reply.data;
}

const agent = "b850bc30-45f8-0041-a00a-83df46d8555d";
const channel = "11111111-1111-4111-8111-111111111111";
const user = "22222222-2222-4222-8222-222222222222";
const channelPath = `/api/messaging/central-channels/${channel}`;
const post = () => call("POST", `${channelPath}/messages`, { author_id: user, content: "hello", server_id: server });

const agentPath = `/api/agents/${agent}`;

// What the examples name: the id, for which operations, how it is made sure of, and the id
// that stands for it, if that is another each time.
const things = [
  { id: agent, async make() {
    if (!(await call("GET", agentPath))) await call("POST", "/api/agents", { characterPath: "eliza" });
    await call("POST", `${agentPath}/start`);
  } },
  { id: channel, unless: /^(rooms:|memories:)/, async make() {
    if (!(await call("GET", `${channelPath}/details`))) await post();
  } },
  { id: channel, only: /^(rooms:|memories:)/, make: async () => (await call("POST", `${agentPath}/rooms`, { name: "Tea room" })).id },
  { id: agent, only: /^channels:unlink$/, make: () => call("POST", `${channelPath}/agents`, { agentId: agent }).then(() => agent) },
  { id: user, async make() {
    if (!(await call("GET", `${channelPath}/details`))) await post();
    await call("POST", `${channelPath}/participants`, { userIds: [user] });
  } },
  { id: "33333333-3333-4333-8333-333333333333", only: /^messages:/, make: async () => (await post()).id },
  { id: "33333333-3333-4333-8333-333333333333", only: /^worlds:/, make: async () =>
    (await call("POST", `${agentPath}/worlds`, { name: "Tea house" })).world.id },
  { id: "44444444-4444-4444-8444-444444444444", only: /^servers:/, make: async () =>
    (await call("POST", "/api/messaging/servers", { name: "Harbour", sourceType: "parley" })).server.id },
  { id: "44444444-4444-4444-8444-444444444444", only: /^groups:/, make: () =>
    call("POST", "/api/memory/groups/44444444-4444-4444-8444-444444444444", { agentIds: [agent], name: "Tea round" }).then(() => undefined) },
  { id: "44444444-4444-4444-8444-444444444444", only: /^files:/, async make() {
    const form = new FormData();
    form.set("file", new Blob(["hello"], { type: "text/plain" }), "hello.txt");
    const reply = await fetch(`${url}/api/media/channels/${channel}/upload`, { method: "POST", headers: { "X-API-KEY": key }, body: form });
    return (await reply.json()).data.id;
  } },
  { id: "55555555-5555-4555-8555-555555555555", only: /^memories:/, make: () =>
    call("POST", `${agentPath}/memories`, { id: "55555555-5555-4555-8555-555555555555", tableName: "facts", content: "Zed likes tea." }).then(() => undefined) },
];

/** Makes what the code of an operation names, and returns what puts the ids that there are into a text. */
async function prepare(code, operation) {
  const instead = [[base, url]];
  for (const { id, only, unless, make } of things) {
    if (!code.includes(id) || (only && !only.test(operation)) || unless?.test(operation)) continue;
    const made = await make();
    if (made) instead.push([id, made]);
  }
  return (text) => instead.reduce((out, [id, made]) => out.replaceAll(id, made), text);
}

// Programs in Go are compiled before there are the ids; the requests get them.
let put;
const door = await front(() => ({ url, put }));
const runCompiled = await compiled(Object.fromEntries(snippets.filter((s) => s.language === "go")
  .map((s) => [s.operation, s.code.replaceAll(base, door)])), folder);
const interpret = interpreter(python3, folder);

/** Fails unless what was printed is the status of a success. */
function succeeded(status, reply) {
  if (!(status >= 200 && status <= 299)) throw new Error(`${status} ${inspect(reply)}`);
}

/** Returns the reply of a request, from its status and text. */
function replied(status, text) {
  succeeded(status, text);
  if (text === "") return undefined; // 204
  return text.startsWith('{"') ? JSON.parse(text) : text;
}

/** Returns an acknowledgement, which has to be as documented. */
function acknowledged(reply, operation) {
  if (reply?.success !== true) throw new Error(inspect(reply));
  const fault = validate(`asyncapi#/components/messages/${operation.replace(":", "_")}_ack/payload`, reply);
  if (fault) throw new Error(`not as documented: ${fault}`);
  return reply;
}

const runners = {
  async curl({ code }) {
    const { stdout } = await run("bash", ["-c", put(code)], { cwd: folder, env: { ...process.env, CURL_HOME: folder }, timeout: 60_000 });
    return replied(200, stdout);
  },
  async fetch(snippet) {
    const [status, reply] = await load(snippet);
    succeeded(status, reply);
    return reply;
  },
  async socket(snippet) {
    const [reply] = await load(snippet);
    return acknowledged(reply, snippet.operation);
  },
  async requests({ code }) {
    const [status, text] = await interpret(put(code));
    return replied(status, text);
  },
  async "python-socketio"({ code, operation }) {
    const [reply] = await interpret(put(code));
    return acknowledged(reply, operation);
  },
  async go({ operation }) {
    const printed = (await runCompiled(operation)).trimEnd();
    const status = parseInt(printed, 10);
    return replied(status, printed.slice(`${status} ${STATUS_CODES[status]} `.length));
  },
};

/** Runs a module and returns what it prints last. */
async function load({ code, operation, language }) {
  const file = join(folder, `${operation.replace(":", "-")}-${language}.mjs`);
  writeFileSync(file, put(code));
  let printed = [];
  const plain = console.log;
  console.log = (...args) => { printed = args; };
  try {
    await import(file);
  } finally {
    console.log = plain;
  }
  return printed;
}

const replies = {};
for (const snippet of snippets.toSorted((a, b) => Number(a.final) - Number(b.final))) {
  const { operation, language, code, final } = snippet;
  try {
    put = await prepare(code, operation);
    const reply = await runners[language](snippet);
    const ok = typeof reply !== "object" || reply.success !== false;
    check(`${operation} ${language}`, ok, reply);
    const short = typeof reply === "object" && JSON.stringify(reply).length < 20_000; // no whole document
    if (ok && short && "success" in reply) replies[operation] ??= reply;
  } catch (error) {
    // Without a provider of voices no voice can be had: the operation has said so, as it must.
    const told = `${error.stdout ?? ""} ${error.message}`;
    const bare = told.includes("MODEL_UNAVAILABLE");
    if (bare) check(`${operation} ${language}, as far as it goes without a provider`, true);
    else check(`${operation} ${language}`, false, `${told}\n${code}`);
  }
  if (final) url = urls.shift();
}
writeFileSync(repliesFile, JSON.stringify(replies));
await finish();
