// A plain Node.js Socket.IO server that speaks the message part of Parley's protocol:
// join, send, broadcast, echo and acknowledgement. It stores nothing and checks little,
// so it does less work per message than Parley does.
//
//   node server.mjs [port]     port 0 (the default) takes any free one
//
// With REDIS_URL it is one of several servers that are joined by @socket.io/redis-adapter.
//
// It prints "listening <port>" once it takes connections, and ends at SIGTERM or SIGINT.

import { createServer } from "node:http";
import { randomUUID } from "node:crypto";
import { Server } from "socket.io";

const JOIN = 1;
const SEND = 2;

const http = createServer();
const io = new Server(http, {
  transports: ["polling", "websocket"],
  perMessageDeflate: false,
  httpCompression: false,
  serveClient: false,
});

if (process.env.REDIS_URL) {
  const { createAdapter } = await import("@socket.io/redis-adapter");
  const { createClient } = await import("redis");
  const publisher = createClient({ url: process.env.REDIS_URL });
  const subscriber = publisher.duplicate();
  await Promise.all([publisher.connect(), subscriber.connect()]);
  io.adapter(createAdapter(publisher, subscriber));
}

/** Enters the channel's room and answers with the two join events. */
function join(socket, payload) {
  const channelId = payload.channelId ?? payload.roomId;
  if (typeof channelId !== "string" || channelId === "") {
    socket.emit("messageError", { error: "channelId is required for joining." });
    return;
  }
  socket.join(channelId);
  const joined = {
    message: `Socket ${socket.id} successfully joined channel ${channelId}.`,
    channelId,
    roomId: channelId,
  };
  socket.emit("channel_joined", joined);
  socket.emit("room_joined", joined);
}

/** Broadcasts to the room, echoes to the sender and acknowledges. Returns the acknowledged ids. */
function send(socket, payload) {
  const channelId = payload.channelId ?? payload.roomId;
  const { serverId, senderId, message } = payload;
  if (!channelId || !serverId || !senderId || !message) {
    socket.emit("messageError", {
      error: "For SEND_MESSAGE: channelId, serverId (server_id), senderId (author_id), and message are required.",
    });
    return null;
  }
  const broadcast = {
    id: randomUUID(),
    senderId,
    senderName: payload.senderName || "User",
    text: message,
    channelId,
    roomId: channelId,
    serverId,
    createdAt: Date.now(),
    source: payload.source || "socketio_client",
  };
  const clientMessageId = payload.messageId;
  socket.to(channelId).emit("messageBroadcast", broadcast);
  socket.emit("messageBroadcast", { ...broadcast, clientMessageId });
  const ack = {
    clientMessageId,
    messageId: broadcast.id,
    status: "received_by_server_and_processing",
    channelId,
    roomId: channelId,
  };
  socket.emit("messageAck", ack);
  return ack;
}

io.on("connection", (socket) => {
  socket.emit("connection_established", {
    message: "Connected to Eliza Socket.IO server",
    socketId: socket.id,
  });
  socket.on("message", (data) => {
    if (data?.type === JOIN && data.payload) join(socket, data.payload);
    else if (data?.type === SEND && data.payload) send(socket, data.payload);
  });
  // An event that nothing stores, for parleyload's -protocol typing.
  socket.on("typing:set", ({ channelId, senderId, senderName, isTyping }, ack) => {
    socket.to(channelId).emit("typing", { channelId, roomId: channelId, senderId, senderName, isTyping });
    if (typeof ack === "function") ack({ success: true, data: { expiresInMs: 6000 } });
  });
  // The operation form, for parleyload's -protocol op.
  socket.on("messages:send", (payload, ack) => {
    const data = send(socket, payload ?? {});
    if (typeof ack !== "function") return;
    ack(data ? { success: true, data } : { success: false, error: { code: "INVALID_REQUEST", message: "incomplete" } });
  });
});

http.listen(Number(process.argv[2] ?? 0), "127.0.0.1", () => {
  console.log(`listening ${http.address().port}`);
});

for (const signal of ["SIGTERM", "SIGINT"]) {
  process.on(signal, () => process.exit(0));
}
