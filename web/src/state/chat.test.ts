import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Channel, Joined, LogEvent, Post, Typing } from "../net/events";
import { CallError, type NewChannel, type OutgoingMessage } from "../net/socket";
import { Chat } from "./chat";
import { logOf, pendingIn } from "./model";

const me = { id: "00000000-0000-4000-8000-00000000000a", name: "Ann" };
const agent = { id: "00000000-0000-4000-8000-00000000000e", name: "Eliza", bio: "", active: true };
const lobby = channel("lobby", { name: "Lobby", participants: [agent.id] });

function channel(id: string, more: Partial<Channel> = {}): Channel {
  return { id, serverId: "s", name: id, type: "GROUP", metadata: {}, participants: [], ...more };
}

function post(n: number, more: Partial<Post> = {}): Post {
  const base = { kind: "post" as const, id: `m${n}`, channelId: "lobby", authorId: "other", authorName: "Ben" };
  return { ...base, text: `text ${n}`, at: n, seq: n, rev: n, ...more };
}

/** A server in memory. What a test does not set answers with nothing. */
class FakeServer {
  joins: (number | undefined)[] = [];
  answer: Joined | Promise<Joined> = { events: [], head: 0, truncated: false };
  page: LogEvent[] = [];
  sent: OutgoingMessage[] = [];
  stored: (LogEvent | CallError | Promise<LogEvent>)[] = [];
  channelsMade: NewChannel[] = [];
  list: Channel[] = [lobby];
  typed: Typing[] = [];

  connect(): void {}
  async agents() {
    return [agent];
  }
  async channels(query: { type?: string }) {
    return this.list.filter((c) => c.type === query.type);
  }
  async channel(id: string) {
    return this.list.find((c) => c.id === id);
  }
  async createChannel(made: NewChannel) {
    this.channelsMade.push(made);
    return channel("made", { ...made, participants: made.participantCentralUserIds });
  }
  async join(_: string, __: string, after: number | undefined) {
    this.joins.push(after);
    return this.answer;
  }
  async leave() {}
  async newestPage() {
    return this.page;
  }
  async send(message: OutgoingMessage) {
    this.sent.push(message);
    const answer = await this.stored.shift();
    if (answer instanceof CallError) throw answer;
    return answer;
  }
  typing(event: Typing): void {
    this.typed.push(event);
  }
}

let server: FakeServer;
let chat: Chat;

beforeEach(() => {
  vi.stubGlobal("navigator", { onLine: true });
  vi.stubGlobal("document", { visibilityState: "visible" });
  server = new FakeServer();
  chat = new Chat(me, () => server);
});
afterEach(() => vi.unstubAllGlobals());

const log = (id = "lobby") => logOf(chat.store.get(), id);
const texts = (id = "lobby") => log(id).posts.map((p) => p.text);

/** connected connects and waits until the lobby's history is there. */
async function connected(): Promise<void> {
  chat.connected();
  await vi.waitFor(() => expect(log().loaded).toBe(true));
}

/** again lets everything that waits for a resolved answer run. */
const again = () => new Promise((done) => setTimeout(done, 5));

describe("following a channel", () => {
  it("opens the lobby, joins without a number at first and remembers head", async () => {
    server.answer = { events: [], head: 2, truncated: false };
    server.page = [post(2), post(1)];
    await connected();
    expect(server.joins).toEqual([undefined]);
    expect(chat.store.get().current).toBe("lobby");
    expect(texts()).toEqual(["text 1", "text 2"]);
    expect(log().cursor).toBe(2);
  });

  it("asks after a reconnect for what came after the last event, and shows it once", async () => {
    server.answer = { events: [], head: 1, truncated: false };
    server.page = [post(1)];
    await connected();
    chat.post(post(2));
    chat.disconnected();
    server.answer = { events: [post(3), post(4)], head: 4, truncated: false };
    chat.connected();
    await vi.waitFor(() => expect(texts()).toEqual(["text 1", "text 2", "text 3", "text 4"]));
    expect(server.joins).toEqual([undefined, 2]);
    expect(log().cursor).toBe(4);
  });

  it("does not move the cursor past a gap that is not closed yet", async () => {
    await connected();
    chat.disconnected();
    server.answer = new Promise(() => {});
    chat.connected();
    await again();
    chat.post(post(9));
    expect(log().cursor).toBe(0);
    chat.disconnected();
    server.answer = { events: [post(8), post(9)], head: 9, truncated: false };
    chat.connected();
    await vi.waitFor(() => expect(log().cursor).toBe(9));
    expect(server.joins).toEqual([undefined, 0, 0]);
    expect(texts()).toEqual(["text 8", "text 9"]);
  });

  it("counts live events heard before the join's answer as seen", async () => {
    await connected();
    chat.disconnected();
    let give: (joined: Joined) => void = () => {};
    server.answer = new Promise((done) => (give = done));
    chat.connected();
    await again();
    chat.post(post(6));
    give({ events: [post(5)], head: 5, truncated: false });
    await vi.waitFor(() => expect(log().cursor).toBe(6));
    expect(texts()).toEqual(["text 5", "text 6"]);
  });

  it("does not take the ack of its own message for having seen all before it", async () => {
    await connected();
    server.stored = [post(7, { authorId: me.id })];
    chat.send("mine");
    await vi.waitFor(() => expect(texts()).toEqual(["text 7"]));
    expect(log().cursor).toBe(0);
  });

  it("starts again from the newest page when too much was missed", async () => {
    server.page = [post(1)];
    await connected();
    chat.disconnected();
    server.page = Array.from({ length: 50 }, (_, i) => post(900 - i));
    server.answer = { events: [post(2), post(3)], head: 900, truncated: true };
    chat.connected();
    await vi.waitFor(() => expect(log().posts).toHaveLength(50));
    expect(texts()[0]).toBe("text 851");
    expect(log()).toMatchObject({ cursor: 900, hasOlder: true });
  });

  it("forgets an older page that was on its way then", async () => {
    server.page = Array.from({ length: 50 }, (_, i) => post(100 - i));
    await connected();
    let give: (older: unknown) => void = () => {};
    const older = new Promise((done) => (give = done));
    vi.stubGlobal("fetch", async () => ({ json: () => older }));
    const asked = chat.loadOlder("lobby");
    chat.disconnected();
    server.page = Array.from({ length: 50 }, (_, i) => post(900 - i));
    server.answer = { events: [], head: 900, truncated: true };
    chat.connected();
    await vi.waitFor(() => expect(texts()[0]).toBe("text 851"));
    give({ success: true, data: { messages: Array.from({ length: 50 }, (_, i) => post(50 - i)) } });
    await asked;
    expect(texts()).toHaveLength(50);
    expect(log().floor).toBe(851);
    expect(chat.store.get().history["lobby"]).toBe("idle");
  });

  it("hides deleted messages and goes on counting", async () => {
    server.page = [post(2), post(1)];
    await connected();
    chat.deleted({ kind: "tombstone", id: "m1", channelId: "lobby", seq: 1, rev: 3 });
    expect(texts()).toEqual(["text 2"]);
    expect(log().cursor).toBe(3);
  });
});

describe("sending", () => {
  it("settles by the echo or the ack, whichever comes first, and shows it once", async () => {
    await connected();
    let give: (event: LogEvent) => void = () => {};
    server.stored = [new Promise((done) => (give = done))];
    chat.send("hello");
    const { messageId } = server.sent[0]!;
    const mine = post(1, { authorId: me.id, text: "hello", clientId: messageId });
    chat.post(mine);
    expect(chat.store.get().outbox).toEqual([]);
    give(mine);
    await again();
    expect(texts()).toEqual(["hello"]);
    expect(server.sent).toHaveLength(1);
  });

  it("sends again after a reconnect under the same id, and never shows it twice", async () => {
    await connected();
    server.stored = [new CallError("LOST", "gone"), new Promise(() => {})];
    chat.send("hello");
    chat.disconnected();
    await again();
    server.answer = { events: [post(1, { authorId: me.id, text: "hello" })], head: 1, truncated: false };
    chat.connected();
    await vi.waitFor(() => expect(server.sent).toHaveLength(2));
    expect(server.sent[1]!.messageId).toBe(server.sent[0]!.messageId);
    const { outbox } = chat.store.get();
    expect([...texts(), ...pendingIn(outbox, "lobby", log()).map((item) => item.text)]).toEqual(["hello"]);
  });

  it("sends after a reload what was left, in whichever channel", async () => {
    const item = { clientId: "t1", channelId: "other", text: "left over", at: 1, state: "sending", attempts: 1 };
    vi.stubGlobal("sessionStorage", { getItem: () => JSON.stringify([item]), setItem: () => {}, removeItem: () => {} });
    server.list = [lobby, channel("other")];
    chat = new Chat(me, () => server);
    await connected();
    await vi.waitFor(() => expect(server.sent).toHaveLength(1));
    expect(server.sent[0]).toMatchObject({ channelId: "other", messageId: "t1", message: "left over" });
    expect(chat.store.get().current).toBe("lobby");
  });

  it("says whom a direct message is for and waits for the answer until the turn ends", async () => {
    await connected();
    await chat.openAgent(agent.id);
    expect(server.channelsMade[0]).toMatchObject({
      type: "DM",
      participantCentralUserIds: [me.id, agent.id],
      metadata: { isDm: true, user1: me.id, user2: agent.id, forAgent: agent.id },
    });
    await vi.waitFor(() => expect(log("made").loaded).toBe(true));
    server.stored = [post(1, { channelId: "made", authorId: me.id })];
    chat.send("hello");
    await vi.waitFor(() => expect(chat.store.get().awaited["made"]).toEqual(["m1"]));
    expect(server.sent[0]).toMatchObject({
      source: "client_chat",
      metadata: { channelType: "DM", isDm: true, targetUserId: agent.id },
    });
    chat.completed({ channelId: "made", messageId: "m1" });
    expect(chat.store.get().awaited["made"]).toEqual([]);
  });

  it("does not wait when the turn had ended before the ack came", async () => {
    await connected();
    await chat.openAgent(agent.id);
    await vi.waitFor(() => expect(log("made").loaded).toBe(true));
    chat.completed({ channelId: "made", messageId: "m1" });
    server.stored = [post(1, { channelId: "made", authorId: me.id })];
    chat.send("hello");
    await vi.waitFor(() => expect(texts("made")).toHaveLength(1));
    expect(chat.store.get().awaited["made"] ?? []).toEqual([]);
  });
});

describe("signals", () => {
  it("says typing once in a while, and that it stopped", async () => {
    await connected();
    for (const text of ["h", "he", "hel", ""]) chat.drafted("lobby", text);
    expect(server.typed.map((t) => t.isTyping)).toEqual([true, false]);
  });

  it("forgets a typist with their message", async () => {
    await connected();
    chat.typingHeard({ channelId: "lobby", senderId: "other", senderName: "Ben", isTyping: true });
    expect(chat.store.get().typists["lobby"]).toEqual([{ id: "other", name: "Ben" }]);
    chat.post(post(1));
    expect(chat.store.get().typists["lobby"]).toEqual([]);
  });

  it("counts what is new in channels that are not looked at", async () => {
    server.list = [lobby, channel("other")];
    await connected();
    chat.open("other");
    chat.post(post(1));
    chat.post(post(1));
    chat.post(post(2, { authorId: me.id }));
    expect(chat.store.get().unread["lobby"]).toBe(1);
    chat.open("lobby");
    expect(chat.store.get().unread["lobby"]).toBe(0);
  });

  it("asks for a key and says when it was wrong", () => {
    chat.keyRefused();
    expect(chat.store.get().key).toBe("missing");
    chat.setKey("k", false);
    expect(chat.store.get().key).toBe("accepted");
    chat.keyRefused();
    expect(chat.store.get().key).toBe("wrong");
  });

  it("goes to the lobby, and says so, when the address leads nowhere", async () => {
    await connected();
    chat.visit("nowhere");
    await vi.waitFor(() => expect(chat.store.get().current).toBe("lobby"));
    expect(chat.store.get().notice).not.toBe("");
    chat.disconnected();
    chat.connected();
    expect(server.joins.length).toBe(3); // The lobby twice, and nowhere only once.
  });

  it("tells the maker why a channel could not be made", async () => {
    await connected();
    server.createChannel = async () => {
      throw new CallError("FORBIDDEN", "Not you.");
    };
    expect(await chat.createGroup("Plans", [])).toContain("Not you.");
    expect(chat.store.get()).toMatchObject({ current: "lobby", notice: "" });
  });

  it("takes over a name chosen in another tab", () => {
    chat.renamed("Anna");
    expect(chat.store.get().me).toEqual({ ...me, name: "Anna" });
  });

  it("goes to the lobby when the open channel is deleted", async () => {
    server.list = [lobby, channel("other")];
    await connected();
    chat.open("other");
    chat.channelGone("other");
    expect(chat.store.get().current).toBe("lobby");
  });
});
