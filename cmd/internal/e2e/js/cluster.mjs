// A Socket.IO server in Node.js with the Redis adapter, an emitter, and clients of any
// server, driven by one JSON command a line: {"id":1,"do":"...",...} is answered by
// {"id":1,"result":...} or {"id":1,"error":"..."}. Usage: node cluster.mjs <redis URL>
import { createInterface } from "node:readline";
import { createServer } from "node:http";
import { Server } from "socket.io";
import { createAdapter } from "@socket.io/redis-adapter";
import { Emitter } from "@socket.io/redis-emitter";
import { createClient } from "redis";
import { io as connect } from "socket.io-client";


const [pub, sub] = [createClient({ url: process.argv[2] }), createClient({ url: process.argv[2] })];
for (const client of [pub, sub]) client.on("error", () => {});
await Promise.all([pub.connect(), sub.connect()]);

const http = createServer();
const io = new Server(http, { adapter: createAdapter(pub, sub, { requestsTimeout: 2000 }) });
io.on("connection", (socket) => {
  for (const room of socket.handshake.auth.rooms ?? []) socket.join(room);
  socket.data.from = "node";
});
io.on("hello", (value, answer) => {
  told.push(value);
  answer?.({ node: value });
});
const told = [];
const emitter = new Emitter(pub);
const clients = {};

// Bytes are {"bytes":"<hex>"} in JSON.
const revive = (v) =>
  v?.bytes !== undefined ? Buffer.from(v.bytes, "hex") : Array.isArray(v) ? v.map(revive) : v;
const show = (v) => (v instanceof Uint8Array ? { bytes: Buffer.from(v).toString("hex") } : Array.isArray(v) ? v.map(show) : v);

// to selects the receivers of a command.
function to(target, c) {
  for (const room of c.rooms ?? []) target = target.to(room);
  for (const room of c.except ?? []) target = target.except(room);
  if (c.volatile) target = target.volatile;
  if (c.local) target = target.local;
  return target;
}

const until = async (condition) => {
  for (const end = Date.now() + 20000; Date.now() < end; ) {
    if (condition()) return true;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return false;
};

const commands = {
  async connect(c) {
    const socket = connect(c.url, { auth: { rooms: c.rooms ?? [] }, transports: ["websocket"], forceNew: true, reconnection: false });
    const client = (clients[c.name] = { socket, events: [], reason: "" });
    socket.onAny((event, ...args) => {
      const answer = typeof args.at(-1) === "function" ? args.pop() : null;
      client.events.push([event, ...show(args)]);
      if (answer && !c.mute) answer(revive(c.answer ?? c.name));
    });
    socket.on("disconnect", (reason) => (client.reason = reason));
    await new Promise((resolve, reject) => socket.on("connect", resolve).on("connect_error", reject));
    return socket.id;
  },
  async heard(c) {
    const client = clients[c.name];
    if (!(await until(() => client.events.some(([event]) => event === c.until)))) throw new Error("not heard: " + c.until + " after " + JSON.stringify(client.events));
    const at = client.events.findIndex(([event]) => event === c.until);
    return client.events.splice(0, at + 1).slice(0, -1);
  },
  async gone(c) {
    await until(() => clients[c.name].reason);
    return clients[c.name].reason;
  },
  emit: (c) => (to(io, c).emit(c.event, ...revive(c.args ?? [])), true),
  fromSocket: (c) => {
    io.sockets.sockets.get(c.socket).to(c.rooms).emit(c.event);
    return true;
  },
  async ask(c) {
    return new Promise((resolve) => {
      to(io.timeout(c.timeout), c).emit(c.event, (err, answers) => resolve({ error: err?.message ?? "", answers: show(answers) }));
    });
  },
  async fetch(c) {
    return (await to(io, c).fetchSockets()).map((s) => ({ id: s.id, rooms: [...s.rooms], data: s.data, auth: s.handshake.auth }));
  },
  rooms: async () => [...(await io.of("/").adapter.allRooms())],
  join: (c) => (to(io, c).socketsJoin(c.names), true),
  leave: (c) => (to(io, c).socketsLeave(c.names), true),
  disconnect: (c) => (to(io, c).disconnectSockets(c.close), true),
  members: (c) => io.of("/").adapter.rooms.get(c.room)?.size ?? 0,
  serverEmit: (c) => (io.serverSideEmit(c.event, ...(c.args ?? [])), true),
  async serverAsk(c) {
    return new Promise((resolve) => io.serverSideEmit(c.event, ...c.args, (err, answers) => resolve({ error: err?.message ?? "", answers })));
  },
  told: async (c) => (await until(() => told.length >= c.count), told),
  emitterEmit: (c) => (to(emitter, c).emit(c.event, ...revive(c.args ?? [])), true),
  emitterJoin: (c) => (to(emitter, c).socketsJoin(c.names), true),
  emitterLeave: (c) => (to(emitter, c).socketsLeave(c.names), true),
  emitterDisconnect: (c) => (to(emitter, c).disconnectSockets(c.close), true),
  emitterServer: (c) => (emitter.serverSideEmit(c.event, ...c.args), true),
};

http.listen(0, "127.0.0.1", () => {
  console.log(JSON.stringify({ id: 0, result: `http://127.0.0.1:${http.address().port}` }));
});
createInterface({ input: process.stdin })
  .on("line", async (line) => {
    const c = JSON.parse(line);
    try {
      console.log(JSON.stringify({ id: c.id, result: await commands[c.do](c) }));
    } catch (err) {
      console.log(JSON.stringify({ id: c.id, error: String(err?.message ?? err) }));
    }
  })
  .on("close", () => process.exit(0));
