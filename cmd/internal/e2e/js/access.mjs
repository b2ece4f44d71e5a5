// Checks key mode: who gets in through which door with what.
// Usage: node access.mjs http://127.0.0.1:3000 <key>
import { check, connect, finish } from "./lib.mjs";

const [url, key] = process.argv.slice(2);
const refused = (options) => connect(url, options).then((s) => (s.close(), "let in"), (err) => err.message);
const letIn = (options) => connect(url, options).then((s) => (s.close(), true), () => false);
const get = (path, headers = {}) => fetch(url + path, { headers });

for (const transports of [["websocket"], ["polling"]]) {
  const name = transports[0];
  check(`${name}: no key is refused`, (await refused({ transports })) === "Invalid or missing API Key");
  check(`${name}: a wrong key is refused`, (await refused({ transports, auth: { apiKey: "nope" } })) === "Invalid or missing API Key");
  check(`${name}: auth.apiKey lets in`, await letIn({ transports, auth: { apiKey: key } }));
  check(`${name}: the header x-api-key lets in`, await letIn({ transports, extraHeaders: { "x-api-key": key } }));
  check(`${name}: a bearer token lets in`, await letIn({ transports, extraHeaders: { authorization: `Bearer ${key}` } }));
}

const bare = await get("/api/agents");
const body = await bare.json();
check("REST without the key gets 401 in the envelope", bare.status === 401 && body.success === false && body.error.code === "AUTH_REQUIRED", body);
check("a wrong key too", (await get("/api/agents", { "X-API-KEY": `${key}x` })).status === 401);
const keyed = await get("/api/agents", { "X-API-KEY": key });
check("the right key gets 200", keyed.status === 200);
const cookie = keyed.headers.get("set-cookie");
check("and the session cookie", /^parley_session=[^;]+;.*HttpOnly/i.test(cookie) && /SameSite=Strict/i.test(cookie), cookie);
const jar = cookie.split(";")[0];
check("the cookie reads", (await get("/api/agents", { cookie: jar })).status === 200);
const post = await fetch(`${url}/api/messaging/central-channels`, { method: "POST", body: "{}",
  headers: { cookie: jar, "content-type": "application/json" } });
check("but does not write", post.status === 401, post.status);
for (const transports of [["websocket"], ["polling"]]) {
  const own = { cookie: jar, origin: url };
  check(`${transports[0]}: the cookie opens a socket of our own page`, await letIn({ transports, extraHeaders: own }));
  check(`${transports[0]}: but none of a foreign page`,
    (await refused({ transports, extraHeaders: { ...own, origin: "https://evil.example" } })) !== "let in");
}
check("polling: a browser names no origin in a GET of its own page", await letIn({ transports: ["polling"], extraHeaders: { cookie: jar } }));
check("websocket: but it always does there", (await refused({ transports: ["websocket"], extraHeaders: { cookie: jar } })) !== "let in");
check("ping needs no key", (await get("/api/server/ping")).status === 200);
const version = await (await get("/api/system/version")).json();
check("version neither, and then tells only what the reference tells", version.success && version.version && !version.server, version);
check("health for a balancer neither", (await get("/healthz")).status === 200 && (await get("/readyz")).status === 200);
const unknown = await get("/api/no/such/path", { "X-API-KEY": key });
check("an unknown path is 404 in the envelope", unknown.status === 404 && (await unknown.json()).error.code === "NOT_FOUND");
await finish();
