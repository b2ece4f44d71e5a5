// Checks jwt mode with the official client: users, strangers, and sockets that outlive
// their tokens by coming back with fresh ones.
// Usage: node tokens.mjs http://127.0.0.1:3000 <secret>
import { createHmac, randomUUID } from "node:crypto";
import { io } from "socket.io-client";
import { check, connect, finish, server } from "./lib.mjs";

const [url, secret] = process.argv.slice(2);
const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const sign = (claims, header = { alg: "HS256", typ: "JWT" }) => {
  const text = `${part(header)}.${part(claims)}`;
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
};
// The server's leeway is 0 here, so that a token lives as long as it says.
const token = (sub, seconds = 3600, more = {}) => sign({ sub, exp: Date.now() / 1000 + seconds, ...more });
const get = (path, bearer) => fetch(url + path, { headers: bearer ? { authorization: `Bearer ${bearer}` } : {} });
const ask = (socket, event, payload) => socket.timeout(60_000).emitWithAck(event, payload);
const refused = (options) => connect(url, options).then((s) => (s.close(), "let in"), (err) => err.message);

const [ann, bob, channel] = [randomUUID(), randomUUID(), randomUUID()];

for (const transports of [["websocket"], ["polling"]]) {
  const name = transports[0];
  const said = await refused({ transports });
  check(`${name}: no token is refused`, said === "Invalid, expired or missing token", said);
  check(`${name}: an expired one too`, (await refused({ transports, auth: { token: token(ann, -1) } })) === said);
  check(`${name}: and one that nobody signed`, (await refused({ transports, auth: { token: `${part({ alg: "none" })}.${part({ sub: ann, exp: 9e9 })}.` } })) === said);

  const hers = await connect(url, { transports, auth: { token: token(ann) } });
  const his = await connect(url, { transports, auth: { token: token(bob) } });
  const place = randomUUID();
  const sent = await ask(hers, "messages:send", { channelId: place, serverId: server, message: "hello" });
  check(`${name}: a user writes as itself`, sent.success && sent.data.author_id === ann, sent);
  const other = await ask(hers, "messages:send", { channelId: place, senderId: bob, message: "I am Bob" });
  check(`${name}: but not as another`, other.error?.code === "FORBIDDEN", other);
  for (const event of ["channels:join", "messages:list", "messages:clear", "channels:delete", "presence:list"]) {
    const answer = await ask(his, event, { channelId: place });
    check(`${name}: a stranger's ${event} is forbidden`, answer.error?.code === "FORBIDDEN", answer);
  }
  const denied = new Promise((resolve) => his.once("messageError", resolve));
  his.emit("message", { type: 1, payload: { channelId: place, roomId: place, entityId: bob } });
  check(`${name}: the reference's join is denied`, /^Access denied/.test((await denied).error));
  hers.close();
  his.close();

  // A socket ends with its token, and the client comes back by itself with a fresh one.
  let shown = 0;
  const lasting = io(url, { transports, forceNew: true, reconnectionDelay: 50, auth: (send) => send({ token: token(ann, shown++ ? 3600 : 6) }) });
  await new Promise((resolve) => lasting.once("connect", resolve));
  const first = lasting.id;
  const reason = await new Promise((resolve) => lasting.once("disconnect", resolve));
  check(`${name}: a socket ends with its token`, reason === "transport close", reason);
  await new Promise((resolve) => lasting.once("connect", resolve));
  check(`${name}: and comes back with a fresh one`, lasting.recovered && lasting.id === first && shown === 2);
  const again = await Promise.race([new Promise((resolve) => lasting.once("disconnect", resolve)), new Promise((resolve) => setTimeout(resolve, 2_500))]);
  check(`${name}: which counts from then on`, again === undefined, again);
  lasting.close();
}

check("REST needs a token", (await get("/api/agents")).status === 401);
check("a user reads", (await get("/api/agents", token(ann))).status === 200);
const agents = (await (await get("/api/agents", token(ann))).json()).data.agents;
const agent = `/api/agents/${agents[0].id}`;
check("an agent is shown without its instructions", !("system" in (await (await get(agent, token(ann))).json()).data));
check("but not to an administrator", "system" in (await (await get(agent, token(ann, 60, { role: "admin" }))).json()).data);
const stop = await fetch(`${url}${agent}/stop`, { method: "POST", headers: { authorization: `Bearer ${token(ann)}` } });
check("a user stops no agent", stop.status === 403, stop.status);
check("an expired token reads nothing", (await get("/api/agents", token(ann, -1))).status === 401);
check("ping needs none", (await get("/api/server/ping")).status === 200);
await ask(await connect(url, { auth: { token: token(ann) } }), "messages:send", { channelId: channel, serverId: server, message: "mine" });
check("a stranger reads no history", (await get(`/api/messaging/channels/${channel}/messages`, token(bob))).status === 403);
check("its owner does", (await get(`/api/messaging/channels/${channel}/messages`, token(ann))).status === 200);
await finish();
