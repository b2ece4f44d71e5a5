// Asks too much of the agent, stops it at bad moments, and takes away what it works on.
// Usage: node faults.mjs http://127.0.0.1:3000 [questions]
import { randomUUID } from "node:crypto";
import { check, connect, finish, next, sendPayload } from "./lib.mjs";

const [url, questions = "500"] = process.argv.slice(2);
const many = Number(questions);
const eliza = "b850bc30-45f8-0041-a00a-83df46d8555d";
const options = { transports: ["websocket"] };

/** Opens a direct chat with Eliza of its own. */
async function direct() {
  const socket = await connect(url, options);
  const channel = randomUUID();
  await socket.emitWithAck("channels:join", { channelId: channel, entityId: socket.entity });
  return { socket, channel };
}

/** A question to Eliza. */
const question = ({ socket, channel }, message) => sendPayload(socket, channel, { message, source: "client_chat",
  metadata: { channelType: "DM", isDm: true, targetUserId: eliza } });

/** The end of the wait for a message. */
const completion = ({ socket }, id) => next(socket, "messageComplete", (c) => c.messageId === id).then(([c]) => c);

/** Everything stored in a channel, oldest first. */
async function history({ socket, channel }) {
  const { data } = await socket.emitWithAck("messages:list", { channelId: channel, limit: 1000 });
  return data.messages.reverse();
}

/** Sends a question and waits for the end of its answer, told by id. */
async function ask(chat, message) {
  const ends = [];
  const listener = (c) => ends.push(c);
  chat.socket.on("messageComplete", listener);
  const { data } = await chat.socket.emitWithAck("messages:send", question(chat, message));
  const end = ends.find((c) => c.messageId === data.id) ?? (await completion(chat, data.id));
  chat.socket.off("messageComplete", listener);
  return { id: data.id, end };
}

// Large questions.
const large = await direct();
const { end } = await ask(large, "I feel tired of my job. ".repeat(4_166));
check("100 KB are answered", end.outcome === "answered", end);
const [, reply] = await history(large);
check("briefly", reply.content.length > 0 && reply.content.length < 1_000, reply.content.length);
const tooLarge = await large.socket.emitWithAck("messages:send", question(large, "x".repeat(100_001)));
check("one character more is refused and stored nowhere", tooLarge.error?.code === "INVALID_REQUEST" && (await history(large)).length === 2, tooLarge);
for (const [name, text] of [["right-to-left", "\u05e9\u05dc\u05d5\u05dd, \u05de\u05d4 \u05e9\u05dc\u05d5\u05de\u05da?"],
  ["emoji", "\u{1F469}\u200D\u{1F469}\u200D\u{1F467}\u200D\u{1F466}\u{1F3F4}\u{E0067}\u{E0062}\u{E007F}"],
  ["a markdown bomb", "[".repeat(50_000)], ["nested quotes", "> ".repeat(5_000) + "x"], ["combining marks", "e" + "\u0301".repeat(9_000)]]) {
  const outcome = await ask(large, text);
  const page = await history(large);
  check(`${name}: stored as sent and answered`, page.at(-2).content === text && outcome.end.outcome === "answered" &&
    page.at(-1).inReplyToRootMessageId === outcome.id, outcome.end);
}

// Many questions within a second, and somebody else who asks one.
const flood = await direct();
const calm = await direct();
const sends = Array.from({ length: many }, (_, i) => flood.socket.emitWithAck("messages:send", question(flood, `I think number ${i} is mine`)));
const answered = async () => (await history({ socket: calm.socket, channel: flood.channel })).filter((m) => m.authorId === eliza);
await ask(calm, "Hello, I am in no hurry");
const before = (await answered()).length; // however long all of it takes, the flood takes longer
check("somebody else is answered meanwhile", before < many, before);
const acks = await Promise.all(sends);
check(`${many} questions at once are all stored`, acks.every((a) => a.success), acks.find((a) => !a.success));
let answers = [];
for (const until = Date.now() + 240_000; Date.now() < until && answers.length < many; answers = await answered()) await new Promise((r) => setTimeout(r, 200));
const asked = acks.map((a) => a.data.id);
check("each of them is answered once, in order", answers.map((m) => m.inReplyToRootMessageId).join() === asked.join(),
  { answers: answers.length, different: answers.findIndex((m, i) => m.inReplyToRootMessageId !== asked[i]) });

// A stop that comes with the question.
const early = await direct();
for (let i = 0; i < 20; i++) {
  const done = next(early.socket, "messageComplete");
  const sent = early.socket.emitWithAck("messages:send", question(early, `Tell me about thing ${i}`));
  const stop = early.socket.emitWithAck("messages:stop", { channelId: early.channel });
  const [{ data: posted }, stopped, [complete]] = await Promise.all([sent, stop, done]);
  if (!stopped.success || complete.messageId !== posted.id || !["stopped", "answered"].includes(complete.outcome)) {
    check("a stop before the first chunk ends the wait", false, { stopped, complete });
  }
}
const cutShort = (await history(early)).filter((m) => m.authorId === eliza);
check("at most one answer for each, marked where it was stopped", cutShort.length <= 20 &&
  new Set(cutShort.map((m) => m.inReplyToRootMessageId)).size === cutShort.length, cutShort.length);

// A stop in the middle.
const middle = await direct();
const text = [];
const collect = (c) => text.push(c.chunk);
middle.socket.on("messageStreamChunk", collect);
const third = next(middle.socket, "messageStreamChunk", (c) => c.index === 2);
const ended = next(middle.socket, "messageComplete");
const final = next(middle.socket, "messageBroadcast", (m) => m.senderId === eliza);
await middle.socket.emitWithAck("messages:send", question(middle, "I remember that my brother and I were often at the sea"));
const [{ messageId }] = await third;
const stopped = await middle.socket.emitWithAck("messages:stop", { channelId: middle.channel, messageId });
const [[kept], [stopEnd]] = await Promise.all([final, ended]);
check("a stopped answer keeps what was said", stopped.data.stopped === 1 && kept.text === text.join("") && kept.stopped === true &&
  kept.id === messageId && stopEnd.outcome === "stopped", { stopped, kept, stopEnd });
middle.socket.off("messageStreamChunk", collect);
const nothing = await middle.socket.emitWithAck("messages:stop", { channelId: middle.channel });
check("nothing to stop is no error", nothing.success && nothing.data.stopped === 0, nothing);
const bad = await middle.socket.emitWithAck("messages:stop", { channelId: "x" });
check("a stop without a channel is refused", bad.error?.code === "INVALID_ID", bad);

// The question is deleted while it is answered.
const gone = await direct();
const chunk = next(gone.socket, "messageStreamChunk", (c) => c.index === 1);
const taken = next(gone.socket, "messageStreamError");
const goneEnd = next(gone.socket, "messageComplete");
const { data: doomed } = await gone.socket.emitWithAck("messages:send", question(gone, "I want to tell you a secret about my family"));
await chunk;
await gone.socket.emitWithAck("messages:delete", { channelId: gone.channel, messageId: doomed.id });
const [[streamError]] = await Promise.all([taken, goneEnd]);
check("a deleted question takes its answer along", streamError.inReplyTo === doomed.id && (await history(gone)).length === 0, streamError);

// The agent is stopped while it answers.
const halted = await direct();
const some = next(halted.socket, "messageStreamChunk", (c) => c.index === 1);
const update = next(calm.socket, "agentUpdated", (a) => a.status === "inactive");
const failure = next(halted.socket, "messageStreamError");
const haltedEnd = next(halted.socket, "messageComplete");
await halted.socket.emitWithAck("messages:send", question(halted, "I am not sure whether my friends like me"));
await some;
const halt = await halted.socket.emitWithAck("agents:stop", { agentId: eliza });
const [[why], [failed]] = await Promise.all([failure, haltedEnd, update]);
check("an agent stopped while it answers falls silent", halt.data.status === "inactive" && failed.outcome === "failed" &&
  why.error === failed.error && (await history(halted)).length === 1, { halt, why, failed });
const unheard = await ask(halted, "Anybody?");
check("nobody hears what comes then", unheard.end.outcome === "none", unheard.end);
await halted.socket.emitWithAck("agents:start", { agentId: eliza });
const heard = await ask(halted, "And now?");
check("until it is started again", heard.end.outcome === "answered", heard.end);

for (const chat of [large, flood, calm, early, middle, gone, halted]) chat.socket.close();
await finish();
