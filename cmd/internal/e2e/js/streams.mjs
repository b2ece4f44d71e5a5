// Cuts connections at a random chunk of an answer, and checks that what the client makes
// of the chunks is byte for byte the final message, each chunk applied once.
// Usage: node streams.mjs http://127.0.0.1:3000 200
import { randomUUID } from "node:crypto";
import { io } from "socket.io-client";
import { check, finish, server } from "./lib.mjs";

const [url, wanted] = process.argv.slice(2);
const eliza = "b850bc30-45f8-0041-a00a-83df46d8555d";
const people = 8;
const questions = ["I have been thinking about my brother a lot lately", "My mother never listens to me when I am worried",
  "I dreamt that I was flying over the sea", "Why do you think that I cannot finish anything?",
  "I am afraid of what my friends say about me", "Everybody at work expects too much from me"];
const total = { cuts: 0, answers: 0, resumed: 0, faults: [] };

/** Follows one direct chat over cuts, as a client must. */
class Follower {
  open = new Map();
  finals = new Map();
  early = [];
  joining = true;
  after = 0;
  entity = randomUUID();
  channel = randomUUID();

  constructor() {
    this.socket = io(url, { forceNew: true, transports: ["websocket"], reconnectionDelay: 5, reconnectionDelayMax: 20 });
    this.socket.on("connect", () => void this.join());
    this.socket.on("messageStreamChunk", (c) => (this.joining ? this.early.push(c) : this.chunk(c)));
    this.socket.on("messageBroadcast", (m) => this.message(m));
    this.socket.on("messageStreamError", (e) => total.faults.push(["stream error", e]));
  }

  /** Enters the room; what is heard before the answer is kept until the answer is there. */
  async join() {
    this.joining = true;
    this.early = [];
    const { id } = this.socket;
    const answer = await this.socket.emitWithAck("channels:join", { channelId: this.channel, entityId: this.entity, after: this.after });
    if (this.socket.id !== id) return;
    // An answer may have ended live before the join's answer came, which still has it open.
    const open = (answer.data.streams ?? []).filter((s) => !this.finals.has(s.messageId));
    this.open = new Map(open.map((s) => [s.messageId, { ...s }]));
    this.early = this.early.filter((c) => !this.finals.has(c.messageId));
    if (this.open.size > 0) total.resumed++;
    for (const m of answer.data.messages) this.message((this.told = m));
    this.after = Math.max(this.after, answer.data.head);
    this.joining = false;
    for (const c of this.early) this.chunk(c);
    this.joined?.();
  }

  chunk({ messageId, index, attempt, chunk }) {
    if (this.finals.has(messageId)) return total.faults.push(["chunk after the end", messageId]);
    let s = this.open.get(messageId);
    if (s === undefined || attempt > s.attempt) this.open.set(messageId, (s = { attempt, index: 0, text: "" }));
    if (index < s.index) return; // the join's answer had it
    if (index > s.index) return total.faults.push(["gap", messageId, index, s.index]);
    s.text += chunk;
    s.index++;
    if (this.cutAt !== undefined && this.cutAt-- <= 0) this.cut();
  }

  message(m) {
    this.after = Math.max(this.after, m.rev);
    if (m.senderId !== eliza) return;
    // Who comes back with its session has what it missed by itself, and the join, which asks
    // from before that, tells it once more: the same number of the same message.
    if (this.finals.get(m.id)?.rev === m.rev && m === this.told) return;
    if (this.finals.has(m.id)) total.faults.push(["final twice", m]);
    this.finals.set(m.id, m);
    const s = this.open.get(m.id);
    // While a join is under way, what is known of an answer is what was said before the cut.
    if (s !== undefined && !this.joining && s.text !== m.text) total.faults.push(["text", s.text, m.text]);
    this.open.delete(m.id);
    this.answered?.(m);
  }

  cut() {
    this.cutAt = undefined;
    total.cuts++;
    this.joining = true;
    this.socket.io.engine.transport.ws.terminate();
  }

  async talk() {
    await new Promise((resolve) => (this.joined = resolve));
    // A busy machine is often too late for the middle of an answer: then it is cut some times more.
    while (total.cuts < Number(wanted) || (total.resumed <= wanted / 4 && total.cuts < 5 * wanted)) {
      const answered = new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error("no answer within a minute")), 60_000);
        this.answered = (m) => (clearTimeout(timer), resolve(m));
      });
      this.cutAt = Math.floor(Math.random() * 8);
      const payload = { channelId: this.channel, serverId: server, senderId: this.entity, senderName: "Ann",
        message: questions[Math.floor(Math.random() * questions.length)], messageId: randomUUID(), source: "client_chat",
        metadata: { channelType: "DM", isDm: true, targetUserId: eliza } };
      void this.socket.emitWithAck("messages:send", payload).catch(() => {});
      await answered;
      total.answers++;
      this.cutAt = undefined;
      if (this.joining) await new Promise((resolve) => (this.joined = resolve));
    }
  }
}

const followers = Array.from({ length: people }, () => new Follower());
const fate = await Promise.all(followers.map((f) => f.talk().then(() => "", (err) => err.message)));
check("every question was answered", fate.every((f) => f === ""), fate);
check(`${total.cuts} cuts at a random chunk`, total.cuts >= Number(wanted), total);
check("answers were taken up again in their middle", total.resumed > wanted / 4, total);
check("every final text is what its chunks came to, and no chunk was applied twice", total.faults.length === 0, total.faults.slice(0, 3));
for (const f of followers) {
  const page = await f.socket.emitWithAck("messages:list", { channelId: f.channel, limit: 1000 });
  const stored = page.data.messages.filter((m) => m.authorId === eliza);
  const same = stored.length === f.finals.size && stored.every((m) => f.finals.get(m.id)?.text === m.content);
  if (!same) check("the client has what is stored", false, [stored.length, f.finals.size]);
  f.socket.close();
}
console.log(`${total.answers} answers, ${total.cuts} cuts, ${total.resumed} taken up in the middle`);
await finish();
