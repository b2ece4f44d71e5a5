// Drives the official socket.io-client against a running Parley, once per transport:
// websocket, polling, and polling that upgrades. Prints one line per check; exits 1
// if any fails. Usage: node official.mjs http://127.0.0.1:3000
import { randomUUID } from "node:crypto";
import { check, connect as open, finish, next, server } from "./lib.mjs";

const url = process.argv[2];
const connect = (options) => open(url, options);

/** Everything one pair of sockets must see on one transport. */
async function walk(name, options) {
  const ann = await connect(options);
  const bob = await connect(options);
  check(`${name}: connection_established names the socket`, ann.greeting.socketId === ann.id, JSON.stringify(ann.greeting));

  const channel = randomUUID();
  for (const socket of [ann, bob]) {
    const joined = next(socket, "channel_joined");
    const room = next(socket, "room_joined");
    socket.emit("message", { type: 1, payload: { channelId: channel, roomId: channel, entityId: socket.entity } });
    const [answer] = await joined;
    await room;
    check(`${name}: joins`, answer.channelId === channel && answer.roomId === channel && answer.message ===
      `Socket ${socket.id} successfully joined channel ${channel}.`, JSON.stringify(answer));
  }

  const order = [];
  ann.onAny((event, payload) => order.push([event, payload.clientMessageId ?? payload.messageId ?? ""]));
  const heard = next(bob, "messageBroadcast");
  const complete = next(ann, "messageComplete");
  ann.emit("message", { type: 2, payload: { channelId: channel, roomId: channel, serverId: server, senderId: ann.entity,
    senderName: "Ann", message: "grüß dich 👋", messageId: "tmp-1", source: "client_group_chat", metadata: { channelType: "GROUP" } } });
  const [message, offset] = await heard;
  await complete;
  check(`${name}: the other member hears it`, message.text === "grüß dich 👋" && message.senderName === "Ann" &&
    message.seq === 1 && message.clientMessageId === undefined && offset === `${channel}:1`, JSON.stringify([message, offset]));
  check(`${name}: the sender hears echo, ack, completion in this order`,
    order.map(([event]) => event).join() === "messageBroadcast,messageAck,messageComplete" && order[0][1] === "tmp-1", JSON.stringify(order));

  const again = await ann.emitWithAck("messages:send", { channelId: channel, senderId: ann.entity, message: "grüß dich 👋", messageId: "tmp-1" });
  check(`${name}: a repeat answers with the first message`, again.success && again.data.id === message.id && again.data.seq === 1, JSON.stringify(again));
  const listed = await bob.emitWithAck("messages:list", { channelId: channel });
  check(`${name}: history holds it once`, listed.success && listed.data.messages.length === 1, JSON.stringify(listed));

  const catchUp = await bob.emitWithAck("channels:join", { channelId: channel, after: 0 });
  check(`${name}: a join with after carries what was missed`, catchUp.data.messages.length === 1 &&
    catchUp.data.head === 1 && catchUp.data.truncated === false, JSON.stringify(catchUp));

  const wrong = next(ann, "messageError");
  const unlocked = next(ann, "messageComplete");
  ann.emit("2", { channelId: channel, message: "" });
  const [error] = await wrong;
  await unlocked;
  check(`${name}: a bad send gets messageError`, error.code === "INVALID_REQUEST" && error.error.startsWith("For SEND_MESSAGE"), JSON.stringify(error));

  if (options.transports.length > 1) {
    const transport = ann.io.engine.transport.name;
    check(`${name}: the transport was upgraded`, transport === "websocket", transport);
  }
  ann.close();
  bob.close();
}

await walk("websocket", { transports: ["websocket"] });
await walk("polling", { transports: ["polling"] });
await walk("upgrade", { transports: ["polling", "websocket"] });
await finish();
