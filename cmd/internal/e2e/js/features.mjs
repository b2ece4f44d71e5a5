// Checks the events of the contract that the other scripts pass by: typing, the log
// stream, leaving, both old forms of a message, direct chats with the agent, catch-up
// over a gap. Usage: node features.mjs http://127.0.0.1:3000 websocket|polling
import { randomUUID } from "node:crypto";
import { check, connect, finish, next, sendPayload, server } from "./lib.mjs";

const [url, transport] = process.argv.slice(2);
const options = { transports: [transport] };
const eliza = "b850bc30-45f8-0041-a00a-83df46d8555d";
const channel = randomUUID();
const ann = await connect(url, options);
const bob = await connect(url, options);
for (const socket of [ann, bob]) await socket.emitWithAck("channels:join", { channelId: channel });

// Who says who it is hears so before anything else.
const greetings = [];
const eve = await (async () => {
  const { io } = await import("socket.io-client");
  const entity = randomUUID();
  const socket = io(url, { forceNew: true, reconnection: false, auth: { entityId: entity.toUpperCase() }, ...options });
  socket.onAny((event, payload) => greetings.push([event, payload]));
  await next(socket, "connection_established");
  return Object.assign(socket, { entity });
})();
check("authenticated comes first and names the entity", greetings[0][0] === "authenticated" &&
  greetings[0][1].entityId === eve.entity && greetings[1][0] === "connection_established", greetings);
const refusal = await connect(url, { ...options, auth: { entityId: "nobody" } }).then(() => null, (err) => err);
check("an entityId that is no UUID is refused", refusal?.message === "Valid entityId required", String(refusal));

// Typing.
const typing = next(bob, "typing");
ann.emit("typing", { channelId: channel, senderId: ann.entity, senderName: "Ann", isTyping: true });
const [told] = await typing;
check("typing reaches the others", told.senderName === "Ann" && told.isTyping === true && told.roomId === channel, told);
const expired = next(bob, "typing", (t) => t.isTyping === false);
await expired.then(() => check("typing expires", true), (err) => check("typing expires", false, err.message));
const outside = await eve.emitWithAck("typing:set", { channelId: channel, isTyping: true });
check("who is not in the channel cannot type in it", outside.error?.code === "FORBIDDEN", outside);

// A direct chat, made by the first message, with the agent's answer and completion.
const direct = randomUUID();
await ann.emitWithAck("message", { type: 1, payload: { channelId: direct, entityId: ann.entity } });
const answer = next(ann, "messageBroadcast", (m) => m.senderId === eliza);
const complete = next(ann, "messageComplete", (c) => c.agentId === eliza);
const order = [];
ann.onAny((event, payload) => payload?.channelId === direct && order.push(event === "messageBroadcast" ? `${event}:${payload.senderName}` : event));
const posted = await ann.emitWithAck("2", sendPayload(ann, direct, { message: "Hello, who are you?", source: "client_chat",
  metadata: { channelType: "DM", isDm: true, targetUserId: eliza } }));
const [reply] = await answer;
const [end] = await complete;
check("the agent answers a direct message", reply.inReplyTo === posted.data.id && reply.seq === 2 && reply.source === "agent_response" &&
  reply.text.length > 0, reply);
check("messageComplete comes after its answer and names the question", end.messageId === posted.data.id &&
  order.lastIndexOf("messageComplete") > order.indexOf("messageBroadcast:Eliza"), order);
const dm = await ann.emitWithAck("channels:get", { channelId: direct });
check("the direct channel has both parties", dm.data.type === "DM" && dm.data.name === `DM ${direct.slice(0, 8)}` &&
  dm.data.metadata.participantCentralUserIds.join() === [ann.entity, eliza].join() && dm.data.metadata.created_by === "socketio_auto_creation", dm.data);

// The published flat form, and roomId for channelId.
const flat = next(bob, "messageBroadcast", (m) => m.text === "flat");
ann.emit("message", { text: "flat", roomId: channel, userId: ann.entity, name: "Ann", serverId: server });
const [flatMessage] = await flat;
check("the flat form of a message is a send", flatMessage.senderName === "Ann" && flatMessage.senderId === ann.entity, flatMessage);

// Missed events: bob leaves, comes back with the last number it has.
const left = next(bob, "channel_left");
bob.emit("leave", { roomId: channel });
const [gone] = await left;
check("leave is answered", gone.channelId === channel && gone.roomId === channel, gone);
const silent = [];
bob.on("messageBroadcast", (m) => silent.push(m));
for (let i = 0; i < 10; i++) await ann.emitWithAck("messages:send", sendPayload(ann, channel, { message: `missed ${i}` }));
check("who has left hears nothing", silent.length === 0, silent);
const erased = await ann.emitWithAck("messages:list", { channelId: channel, limit: 1 });
const deleted = next(ann, "messageDeleted");
await ann.emitWithAck("messages:delete", { channelId: channel, messageId: erased.data.messages[0].id });
const [deletion] = await deleted;
check("a deletion is told to the room", deletion.messageId === erased.data.messages[0].id && deletion.rev === 12, deletion);
const back = await bob.emitWithAck("channels:join", { channelId: channel, after: 1 });
check("the join brings what was missed, in order, with the tombstone", back.data.head === 12 && back.data.messages.length === 10 &&
  back.data.messages.every((m, i) => m.rev === (i < 9 ? i + 2 : 12)) && back.data.messages[9].deleted === true,
  back.data.messages.map((m) => [m.rev, m.text, m.deleted]));

// The log.
const watcher = await connect(url, options);
const early = next(watcher, "log_filters_updated");
watcher.emit("update_log_filters", { level: "info" });
check("filters need a subscription", (await early)[0].success === false);
const subscribed = next(watcher, "log_subscription_confirmed");
watcher.emit("subscribe_logs");
check("the log can be watched", (await subscribed)[0].subscribed === true);
const line = next(watcher, "log_stream", (e) => e.payload.agentName === "Eliza");
const tired = next(ann, "messageComplete", (c) => c.agentId === eliza);
ann.emit("2", sendPayload(ann, direct, { message: "I feel tired", source: "client_chat" }));
const [entry] = await line;
await tired;
check("an agent's line reaches the stream", entry.type === "log_entry" && typeof entry.payload.level === "number" &&
  typeof entry.payload.msg === "string" && typeof entry.payload.time === "number", entry);
const filtered = next(watcher, "log_filters_updated");
watcher.emit("update_log_filters", { agentName: "Nobody", level: "fatal" });
const [filters] = await filtered;
check("filters are merged and told", filters.success && filters.filters.agentName === "Nobody" && filters.filters.level === "fatal", filters);
const odd = next(watcher, "log_filters_updated");
watcher.emit("update_log_filters", "error");
check("a text as filter is refused", (await odd)[0].success === false);
const lines = [];
watcher.on("log_stream", (e) => lines.push(e));
// The completion may come in one payload with the ack, so it is awaited from before.
const completed = next(ann, "messageComplete", (c) => c.agentId === eliza);
await ann.emitWithAck("2", sendPayload(ann, direct, { message: "I feel awake", source: "client_chat" }));
await completed;
check("what the filter excludes does not come", lines.length === 0, lines);
const ended = next(watcher, "log_subscription_confirmed");
watcher.emit("unsubscribe_logs");
check("the subscription ends", (await ended)[0].subscribed === false);

for (const socket of [ann, bob, eve, watcher]) socket.close();
await finish();
