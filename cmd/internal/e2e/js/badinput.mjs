// Sends everything wrong that a client can send, over one transport, and checks that
// the sender gets the documented error while another client notices nothing.
// Usage: node badinput.mjs http://127.0.0.1:3000 websocket|polling
import { randomUUID } from "node:crypto";
import { check, connect, finish, next, sendPayload, server } from "./lib.mjs";

const [url, transport] = process.argv.slice(2);
const options = { transports: [transport] };
const channel = randomUUID();

const ann = await connect(url, options);
const bob = await connect(url, options);
const noticed = [];
await bob.emitWithAck("channels:join", { channelId: channel });
await ann.emitWithAck("channels:join", { channelId: channel });
// That somebody is there who came by right input, he may hear.
bob.onAny((event, ...args) => event !== "presence" && noticed.push([event, args[0]]));
bob.on("disconnect", (reason) => noticed.push(["disconnect", reason]));

const invalidSend = "For SEND_MESSAGE: channelId, serverId (server_id), senderId (author_id), and message are required.";
const good = () => sendPayload(ann, channel);
const without = (field) => Object.fromEntries(Object.entries(good()).filter(([k]) => !field.includes(k)));

// Each: what is wrong, the event's arguments, the expected code and (part of the) error text.
const wrong = [
  ["no channelId", ["message", { type: 2, payload: without(["channelId", "roomId"]) }], "INVALID_REQUEST", invalidSend],
  ["no message", ["message", { type: 2, payload: without(["message"]) }], "INVALID_REQUEST", invalidSend],
  ["empty message", ["message", { type: 2, payload: { ...good(), message: "" } }], "INVALID_REQUEST", invalidSend],
  ["null message", ["message", { type: 2, payload: { ...good(), message: null } }], "INVALID_REQUEST", invalidSend],
  ["number as message", ["message", { type: 2, payload: { ...good(), message: 7 } }], "INVALID_REQUEST", invalidSend],
  ["object as message", ["2", { ...good(), message: { a: 1 } }], "INVALID_REQUEST", invalidSend],
  ["list as message", ["2", { ...good(), message: ["a"] }], "INVALID_REQUEST", invalidSend],
  ["channelId that is no UUID", ["2", { ...good(), channelId: "lobby" }], "INVALID_ID", invalidSend],
  ["channelId that is a number", ["2", { ...good(), channelId: 5 }], "INVALID_ID", invalidSend],
  ["senderId that is no UUID", ["2", { ...good(), senderId: "me" }], "INVALID_ID", invalidSend],
  ["serverId that is no UUID", ["2", { ...good(), serverId: "0" }], "INVALID_ID", invalidSend],
  ["metadata that is a text", ["2", { ...good(), metadata: "x" }], "INVALID_REQUEST", "metadata must be an object"],
  ["attachments that are no list", ["2", { ...good(), attachments: { url: "x" } }], "INVALID_REQUEST", "attachments must be a list"],
  ["NUL in the message", ["2", { ...good(), message: "a\u0000b" }], "INVALID_REQUEST", "must not contain NUL"],
  ["a lone surrogate", ["2", { ...good(), message: "a\ud800b" }], "INVALID_REQUEST", "valid UTF-8"],
  ["100,001 characters", ["2", { ...good(), message: "x".repeat(100_001) }], "INVALID_REQUEST", "is too long"],
  ["type 2 with null payload", ["message", { type: 2, payload: null }], "INVALID_REQUEST", invalidSend],
  ["type 2 with a number as payload", ["message", { type: 2, payload: 3 }], "INVALID_REQUEST", invalidSend],
  ["event 2 with null", ["2", null], "INVALID_REQUEST", invalidSend],
  ["event 2 with nothing", ["2"], "INVALID_REQUEST", invalidSend],
  ["event 2 with a text", ["2", "hello"], "INVALID_REQUEST", invalidSend],
  ["unknown server", ["2", { ...good(), channelId: randomUUID(), roomId: undefined, serverId: "99999999-9999-4999-8999-999999999999" }],
    "NOT_FOUND", "Server 99999999-9999-4999-8999-999999999999 does not exist"],
  ["join without channelId", ["message", { type: 1, payload: {} }], "INVALID_REQUEST", "channelId is required for joining."],
  ["join with null", ["1", null], "INVALID_REQUEST", "channelId is required for joining."],
  ["join with nothing", ["1"], "INVALID_REQUEST", "channelId is required for joining."],
  ["join with a bad id", ["1", { channelId: "x" }], "INVALID_ID", "channelId must be a UUID"],
];

for (const [name, event, code, text] of wrong) {
  try {
    const told = next(ann, "messageError");
    const unlocked = name.startsWith("join") ? Promise.resolve() : next(ann, "messageComplete");
    ann.emit(...event);
    const [error] = await told;
    await unlocked;
    check(`${name}: ${code}`, error.code === code && String(error.error).includes(text), error);
  } catch (err) {
    check(`${name}: ${code}`, false, err.message);
  }
}

// Ignored without a reply, by the contract; the ack tells who asks for one.
for (const event of [["message", "text"], ["message", 5], ["message", null], ["message"], ["message", { type: "2", payload: {} }],
  ["message", { type: 99, payload: {} }], ["message", { type: 3, payload: {} }], ["message", { payload: {} }],
  ["no such event", 1], ["3", {}], ["6"]]) {
  const answers = [];
  const spy = (name) => answers.push(name);
  ann.onAny(spy);
  ann.emit(...event);
  const reply = await ann.emitWithAck("servers:list", {});
  ann.offAny(spy);
  check(`${JSON.stringify(event)} is ignored`, reply.success && answers.length === 0, answers);
}
const unknown = await ann.timeout(60_000).emitWithAck("no such event", {});
check("an unknown event with an ack is answered", unknown.success === false && unknown.error.code === "NOT_FOUND", unknown);

const badAck = await ann.timeout(60_000).emitWithAck("messages:list", { channelId: "nope", limit: "many" });
check("every faulty field is named", badAck.error.issues.map((i) => i.path).sort().join() === "channelId,limit", badAck);
const lists = await ann.timeout(60_000).emitWithAck("messages:list", [1, 2]);
check("a list as payload is refused", lists.error.code === "INVALID_REQUEST", lists);

// 10,000 joins: a thousand rooms, then the documented error; the socket lives.
let joined = 0, refused = 0;
const joiner = await connect(url, options);
for (let i = 0; i < 100; i++) {
  const answers = await Promise.all(Array.from({ length: 100 }, () =>
    joiner.timeout(60_000).emitWithAck("channels:join", { channelId: randomUUID() })));
  for (const answer of answers) answer.success ? joined++ : refused++;
}
check("10,000 joins: bounded", joined > 0 && joined <= 1000 && joined + refused === 10_000, { joined, refused });
check("10,000 joins: the socket lives", joiner.connected);
joiner.close();

// 100,000 messages as fast as possible from one socket.
const flooder = await connect(url, options);
const other = randomUUID();
let stored = 0, limited = 0, lastError = null;
flooder.on("messageAck", () => stored++);
flooder.on("messageError", (e) => { lastError = e; if (e.code === "RATE_LIMITED") limited++; });
const ended = new Promise((resolve) => flooder.once("disconnect", resolve));
for (let i = 0; i < 100_000; i++) {
  flooder.emit("2", sendPayload(flooder, other, { senderId: flooder.entity }));
  if (i % 2_000 === 1_999) await new Promise((resolve) => setTimeout(resolve));
}
const drained = (async () => {
  while (stored + limited < 100_000 && flooder.connected) await new Promise((resolve) => setTimeout(resolve, 50));
})();
await Promise.race([drained, ended, new Promise((resolve) => setTimeout(resolve, 300_000))]);
check("100,000 messages: some stored, most limited, or the flooder cut off",
  stored > 0 && (limited > 50_000 || !flooder.connected), { stored, limited, lastError });
flooder.close();

// 2 MB: over the largest packet, so the connection ends; a new one works.
const big = await connect(url, options);
const cut = next(big, "disconnect");
big.emit("2", { ...good(), message: "x".repeat(2_000_000) });
await cut.then(([reason]) => check("2 MB closes the connection", true, reason), (err) => check("2 MB closes the connection", false, err.message));
const again = await connect(url, options);
check("and a new one is welcome", again.connected);
again.close();

check("the other client noticed nothing", noticed.length === 0, noticed.slice(0, 5));
check("and still hears what is right", await (async () => {
  const heard = next(bob, "messageBroadcast");
  ann.emit("2", { ...good(), message: "after all that" });
  const [message] = await heard;
  return message.text === "after all that" && message.seq === 1 && message.serverId === server;
})());
ann.close();
bob.close();
await finish();
