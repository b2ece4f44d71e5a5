import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LogEvent } from "../net/events";
import { CallError } from "../net/server";
import type { Joined } from "../net/signals";
import { Chat } from "./chat";
import { logOf, pendingIn } from "./select";
import { again, agent, channel, FakeServer, joined, lobby, me, memoryStorage, post } from "./testing";

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

/** wroteAway writes to another channel that is open after the connection was lost. */
async function wroteAway(text: string): Promise<void> {
  server.list = [lobby, channel("other")];
  server.answer = joined([], 3);
  await connected();
  chat.open("other");
  await vi.waitFor(() => expect(log("other").loaded).toBe(true));
  chat.disconnected();
  chat.messenger.send("other", text);
}

describe("following a channel", () => {
  it("opens the lobby, joins without a number at first and remembers head", async () => {
    server.answer = joined([], 2);
    server.newest = [post(2), post(1)];
    await connected();
    expect(server.joins).toEqual([undefined]);
    expect(chat.store.get().current).toBe("lobby");
    expect(texts()).toEqual(["text 1", "text 2"]);
    expect(log().cursor).toBe(2);
  });

  it("asks after a reconnect for what came after the last event, and shows it once", async () => {
    server.answer = joined([], 1);
    server.newest = [post(1)];
    await connected();
    chat.post(post(2));
    chat.disconnected();
    server.answer = joined([post(3), post(4)], 4);
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
    server.answer = joined([post(8), post(9)], 9);
    chat.connected();
    await vi.waitFor(() => expect(log().cursor).toBe(9));
    expect(server.joins).toEqual([undefined, 0, 0]);
    expect(texts()).toEqual(["text 8", "text 9"]);
  });

  it("asks on where one answer does not hold all that was missed", async () => {
    server.answer = joined([], 1);
    server.newest = [post(1)];
    await connected();
    chat.disconnected();
    const answers = [joined([post(2), post(3)], 6, true), joined([post(4), post(5)], 7, true), joined([post(6), post(7)], 7)];
    server.join = async (_, __, after) => {
      server.joins.push(after);
      return answers.shift()!;
    };
    chat.connected();
    await vi.waitFor(() => expect(texts()).toHaveLength(7));
    expect(server.joins.slice(1)).toEqual([1, 3, 5]);
    expect(log().cursor).toBe(7);
  });

  it("counts live events heard before the join's answer as seen", async () => {
    await connected();
    chat.disconnected();
    let give: (joined: Joined) => void = () => {};
    server.answer = new Promise((done) => (give = done));
    chat.connected();
    await again();
    chat.post(post(6));
    give(joined([post(5)], 5));
    await vi.waitFor(() => expect(log().cursor).toBe(6));
    expect(texts()).toEqual(["text 5", "text 6"]);
  });

  it("does not take the ack of its own message for having seen all before it", async () => {
    await connected();
    server.stored = [post(7, { authorId: me.id })];
    chat.messenger.send("lobby", "mine");
    await vi.waitFor(() => expect(texts()).toEqual(["text 7"]));
    expect(log().cursor).toBe(0);
  });

  it("starts again from the newest page when too much was missed", async () => {
    server.newest = [post(1)];
    await connected();
    chat.disconnected();
    server.newest = Array.from({ length: 50 }, (_, i) => post(900 - i));
    server.answer = joined([post(2), post(3)], 900, true);
    chat.connected();
    await vi.waitFor(() => expect(log().posts).toHaveLength(50));
    expect(texts()[0]).toBe("text 851");
    expect(log()).toMatchObject({ cursor: 900, hasOlder: true });
  });

  it("forgets an older page that was on its way then", async () => {
    server.newest = Array.from({ length: 50 }, (_, i) => post(100 - i));
    await connected();
    let give: (older: unknown) => void = () => {};
    const older = new Promise((done) => (give = done));
    vi.stubGlobal("fetch", async () => ({ json: () => older }));
    chat.loadOlder("lobby");
    chat.disconnected();
    server.newest = Array.from({ length: 50 }, (_, i) => post(900 - i));
    server.answer = joined([], 900, true);
    chat.connected();
    await vi.waitFor(() => expect(texts()[0]).toBe("text 851"));
    give({ success: true, data: { messages: Array.from({ length: 50 }, (_, i) => post(50 - i)) } });
    await again();
    expect(texts()).toHaveLength(50);
    expect(log().floor).toBe(851);
    expect(chat.store.get().history["lobby"]).toBe("idle");
  });

  it("takes a flood of messages in few pieces, and what is heard after them in its turn", async () => {
    await connected();
    let changes = 0;
    const end = chat.store.subscribe(() => changes++);
    for (let n = 1; n <= 500; n++) chat.post(post(n));
    chat.deleted({ kind: "tombstone", id: "m500", channelId: "lobby", seq: 500, rev: 501 });
    end();
    expect(texts()).toHaveLength(499);
    expect(changes).toBeLessThan(60);
    for (let n = 502; n <= 600; n++) chat.post(post(n));
    await vi.waitFor(() => expect(texts()).toHaveLength(598));
    expect(log().cursor).toBe(600);
  });

  it("keeps little of a busy channel that is not open, and counts on", async () => {
    server.list = [lobby, channel("busy")];
    await connected();
    for (let n = 1; n <= 5_000; n++) chat.post(post(n, { channelId: "busy" }));
    await vi.waitFor(() => expect(log("busy").cursor).toBe(5_000));
    expect(log("busy").entries.size).toBeLessThanOrEqual(2_000);
    expect(chat.store.get().unread["busy"]).toBeGreaterThan(900);
    server.newest = [post(5_000, { channelId: "busy" }), post(4_999, { channelId: "busy" })];
    server.page = async () => ({ events: server.newest, hasOlder: true, hasNewer: undefined });
    chat.open("busy");
    await vi.waitFor(() => expect(texts("busy")).toEqual(["text 4999", "text 5000"]));
  });

  it("hides deleted messages and goes on counting", async () => {
    server.newest = [post(2), post(1)];
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
    chat.messenger.send("lobby", "hello");
    const { messageId } = server.sent[0]!;
    const mine = post(1, { authorId: me.id, text: "hello", clientId: messageId });
    chat.post(mine);
    expect(chat.store.get().outbox).toEqual([]);
    give(mine);
    await again();
    expect(texts()).toEqual(["hello"]);
    expect(server.sent).toHaveLength(1);
  });

  it("sends what was written in a channel there, although another one was opened meanwhile", async () => {
    server.list = [lobby, channel("other")];
    await connected();
    chat.open("other");
    chat.messenger.send("lobby", "meant for the Lobby");
    await vi.waitFor(() => expect(server.sent).toHaveLength(1));
    expect(server.sent[0]).toMatchObject({ channelId: "lobby", message: "meant for the Lobby" });
  });

  it("sends again after a reconnect under the same id, and never shows it twice", async () => {
    await connected();
    server.stored = [new CallError("LOST", "gone"), new Promise(() => {})];
    chat.messenger.send("lobby", "hello");
    chat.disconnected();
    await again();
    server.answer = joined([post(1, { authorId: me.id, text: "hello" })], 1);
    chat.connected();
    await vi.waitFor(() => expect(server.sent).toHaveLength(2));
    expect(server.sent[1]!.messageId).toBe(server.sent[0]!.messageId);
    const { outbox } = chat.store.get();
    expect([...texts(), ...pendingIn(outbox, "lobby", log()).map((item) => item.text)]).toEqual(["hello"]);
  });

  it("sends after a reload what was left, in whichever channel", async () => {
    const item = { clientId: "t1", channelId: "other", text: "left over", at: 1, state: "sending", attempts: 1 };
    const storage = memoryStorage();
    storage.setItem(`parley.outbox.${me.id}.t1`, JSON.stringify(item));
    vi.stubGlobal("localStorage", storage);
    server.list = [lobby, channel("other")];
    chat = new Chat(me, () => server);
    await connected();
    await vi.waitFor(() => expect(server.sent).toHaveLength(1));
    expect(server.sent[0]).toMatchObject({ channelId: "other", messageId: "t1", message: "left over" });
    expect(chat.store.get().current).toBe("lobby");
  });

  it("says whom a direct message is for and waits for the answer until the turn ends", async () => {
    await connected();
    await chat.directory.openAgent(agent.id);
    expect(server.channelsMade[0]).toMatchObject({
      type: "DM",
      participantCentralUserIds: [me.id, agent.id],
      metadata: { isDm: true, user1: me.id, user2: agent.id, forAgent: agent.id },
    });
    await vi.waitFor(() => expect(log("made").loaded).toBe(true));
    server.stored = [post(1, { channelId: "made", authorId: me.id })];
    chat.messenger.send("made", "hello");
    await vi.waitFor(() => expect(chat.store.get().awaited["made"]).toEqual(["m1"]));
    expect(server.sent[0]).toMatchObject({
      source: "client_chat",
      metadata: { channelType: "DM", isDm: true, targetUserId: agent.id },
    });
    chat.completed({ channelId: "made", messageId: "m1", outcome: "answered", error: "" });
    expect(chat.store.get().awaited["made"]).toEqual([]);
  });

  it("does not wait when the turn had ended before the ack came", async () => {
    await connected();
    await chat.directory.openAgent(agent.id);
    await vi.waitFor(() => expect(log("made").loaded).toBe(true));
    chat.completed({ channelId: "made", messageId: "m1", outcome: "answered", error: "" });
    server.stored = [post(1, { channelId: "made", authorId: me.id })];
    chat.messenger.send("made", "hello");
    await vi.waitFor(() => expect(texts("made")).toHaveLength(1));
    expect(chat.store.get().awaited["made"] ?? []).toEqual([]);
  });
});

describe("signals", () => {
  it("forgets the oldest of very many messages when their end is reached", async () => {
    const many = 30_010;
    server.newest = Array.from({ length: many }, (_, i) => post(many - i));
    server.answer = joined([], many);
    await connected();
    await vi.waitFor(() => expect(log().posts).toHaveLength(many));
    chat.viewed("lobby", many - 1);
    expect(log().posts).toHaveLength(many);
    chat.viewed("lobby", many);
    expect(log()).toMatchObject({ floor: many - 14_999, hasOlder: true });
    expect(texts().at(-1)).toBe(`text ${many}`);
  });

  it("reads the lists once for changes that come together", async () => {
    await connected();
    const refresh = vi.spyOn(chat.directory, "refresh");
    for (let n = 0; n < 20; n++) chat.directoryChanged();
    await vi.waitFor(() => expect(refresh).toHaveBeenCalled());
    await again();
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it("says typing once in a while, and that it stopped", async () => {
    await connected();
    for (const text of ["h", "he", "hel", ""]) chat.messenger.drafted("lobby", text);
    expect(server.typed.map((t) => t.isTyping)).toEqual([true, false]);
  });

  it("forgets a typist with their message", async () => {
    await connected();
    chat.typingHeard({ channelId: "lobby", senderId: "other", senderName: "Ben", isTyping: true });
    expect(chat.store.get().typists["lobby"]).toEqual([{ id: "other", name: "Ben" }]);
    chat.post(post(1));
    expect(chat.store.get().typists["lobby"]).toEqual([]);
  });

  it("counts what is new until it is looked at, and tells the server that once", async () => {
    server.list = [lobby, channel("other")];
    await connected();
    chat.open("other");
    chat.post(post(1));
    chat.post(post(1));
    chat.post(post(2, { authorId: me.id }));
    chat.post(post(3));
    expect(chat.store.get().unread["lobby"]).toBe(2);
    chat.open("lobby");
    chat.viewed("lobby", 1);
    await again();
    expect(chat.store.get().unread["lobby"]).toBe(1);
    chat.viewed("lobby", 3);
    chat.viewed("lobby", 2);
    expect(chat.store.get().unread["lobby"]).toBe(0);
    await vi.waitFor(() => expect(server.marks).toEqual([{ channelId: "lobby", entityId: me.id, seq: 3 }]), 2_000);
  });

  it("tells of all channels that were read when the page is left, and again what could not be told", async () => {
    const ids = Array.from({ length: 20 }, (_, i) => `c${i}`);
    server.list = [lobby, ...ids.map((id) => channel(id))];
    server.unreads = ids.map((channelId) => ({ channelId, seq: 1, unread: 1, head: 2 }));
    await connected();
    await vi.waitFor(() => expect(chat.store.get().unread["c19"]).toBe(1));
    for (const id of ids) chat.viewed(id, 2);
    const setRead = server.setRead.bind(server);
    server.setRead = async (mark) => {
      if (mark.channelId === "c3" && server.marks.every(({ channelId }) => channelId !== "again")) {
        server.marks.push({ ...mark, channelId: "again" });
        throw new CallError("RATE_LIMITED", "Slowly.");
      }
      return setRead(mark);
    };
    chat.leaving();
    expect(server.marks).toHaveLength(20);
    await again();
    await chat.directory.refresh();
    await vi.waitFor(() => expect(server.marks.filter(({ channelId }) => channelId === "c3")).toHaveLength(1), 2_000);
    expect(server.marks).toHaveLength(21);
  });

  it("puts the line of new messages where reading stopped, and not above what is watched", async () => {
    server.unreads = [{ channelId: "lobby", seq: 1, unread: 2, head: 3 }];
    server.answer = joined([], 3);
    server.newest = [post(3), post(2), post(1)];
    await connected();
    await vi.waitFor(() => expect(chat.store.get().marks["lobby"]).toBe(1));
    expect(chat.store.get().unread["lobby"]).toBe(2);
    chat.viewed("lobby", 3);
    chat.open("other");
    chat.open("lobby");
    expect(chat.store.get().marks["lobby"]).toBeUndefined();
    chat.post(post(4));
    expect(chat.store.get().marks["lobby"]).toBeUndefined();
    vi.stubGlobal("document", { visibilityState: "hidden" });
    chat.post(post(5));
    chat.viewed("lobby", 5);
    expect(chat.store.get().marks["lobby"]).toBe(4);
    expect(chat.store.get().unread["lobby"]).toBe(2);
  });

  it("puts no line of new messages into what is watched from the first message on", async () => {
    await connected();
    server.list = [lobby, channel("empty")];
    chat.open("empty");
    await vi.waitFor(() => expect(log("empty").loaded).toBe(true));
    for (let n = 1; n <= 5; n++) chat.post(post(n, { channelId: "empty" }));
    chat.viewed("empty", 3);
    server.unreads = [{ channelId: "empty", seq: 3, unread: 2, head: 5 }];
    await chat.directory.refresh();
    await again();
    expect(chat.store.get().marks).toEqual({});
  });

  it("takes nothing for read before it is known what is new", async () => {
    let give: () => void = () => {};
    const asked = new Promise<void>((done) => (give = done));
    server.unread = async () => {
      await asked;
      return [{ channelId: "lobby", seq: 1, unread: 2, head: 3 }];
    };
    server.answer = joined([], 3);
    server.newest = [post(3), post(2), post(1)];
    await connected();
    chat.viewed("lobby", 3);
    give();
    await vi.waitFor(() => expect(chat.store.get().marks["lobby"]).toBe(1));
    expect(chat.store.get().unread["lobby"]).toBe(2);
    chat.viewed("lobby", 2);
    expect(chat.store.get().unread["lobby"]).toBe(1);
  });

  it("counts nothing old in a channel of others before it is opened, and does not say that it was read", async () => {
    const ours = { participants: [me.id] };
    server.list = [lobby, channel("theirs"), channel("ours", ours), channel("direct", { ...ours, type: "DM", metadata: { user1: me.id, user2: "other" } })];
    server.unreads = ["lobby", "theirs", "ours", "direct"].map((channelId) => ({ channelId, seq: 0, unread: 3, head: 3 }));
    server.answer = joined([], 3);
    server.newest = [post(3), post(2), post(1)];
    await connected();
    await vi.waitFor(() => expect(chat.store.get().unread).toMatchObject({ ours: 3, direct: 3 }));
    const unreadOf = (id: string) => chat.store.get().unread[id] ?? 0;
    expect([unreadOf("lobby"), unreadOf("theirs")]).toEqual([0, 0]);
    expect(chat.store.get().marks).toEqual({});
    chat.post(post(4));
    chat.post(post(4, { id: "t4", channelId: "theirs" }));
    expect([unreadOf("lobby"), unreadOf("theirs")]).toEqual([1, 1]);
    server.unreads = [{ channelId: "theirs", seq: 0, unread: 5, head: 5 }];
    await chat.directory.refresh();
    await vi.waitFor(() => expect(unreadOf("theirs")).toBe(2));
    expect(server.marks).toEqual([]);
    chat.viewed("lobby", 4);
    expect(unreadOf("lobby")).toBe(0);
    await vi.waitFor(() => expect(server.marks).toEqual([{ channelId: "lobby", entityId: me.id, seq: 4 }]), 2_000);
  });

  it("does without read positions and presence where the server has none", async () => {
    server.lacks = new Set(["unread", "setRead", "reads", "present"]);
    server.answer = joined([], 2);
    server.newest = [post(2), post(1)];
    await connected();
    await vi.waitFor(() => expect(chat.store.get().absent).toEqual(expect.arrayContaining(["presence", "reads"])));
    expect(chat.store.get().unread["lobby"] ?? 0).toBe(0);
    chat.post(post(3));
    expect(chat.store.get().unread["lobby"]).toBe(1);
  });

  it("asks for a key and says when it was wrong", () => {
    chat.keyRefused();
    expect(chat.store.get().key).toBe("missing");
    chat.setKey("k", false);
    expect(chat.store.get().key).toBe("accepted");
    chat.keyRefused();
    expect(chat.store.get().key).toBe("wrong");
  });

  it("shows a key over REST too, for the cookie that opens the documentation", async () => {
    const shown: unknown[] = [];
    vi.stubGlobal("fetch", async (url: string, init: RequestInit) => shown.push([url, init.headers]));
    await connected();
    expect(shown).toEqual([]);
    chat.setKey("k", false);
    chat.connected();
    expect(shown).toEqual([["/api/server/hello", { "X-API-KEY": "k" }]]);
  });

  it("goes to the lobby, and says so, when the address leads nowhere", async () => {
    await connected();
    chat.visit("nowhere");
    await vi.waitFor(() => expect(chat.store.get().current).toBe("lobby"));
    expect(chat.store.get().notice).not.toBe("");
    chat.disconnected();
    chat.connected();
    await again();
    expect(server.joins.length).toBe(3); // The lobby twice, and nowhere only once.
  });

  it("tells the maker why a channel could not be made", async () => {
    await connected();
    server.createChannel = async () => {
      throw new CallError("FORBIDDEN", "Not you.");
    };
    expect(await chat.directory.createGroup("Plans", [])).toContain("Not you.");
    expect(chat.store.get()).toMatchObject({ current: "lobby", notice: "" });
  });

  it("takes over a name chosen in another tab", () => {
    chat.renamed("Anna");
    expect(chat.store.get().me).toEqual({ ...me, name: "Anna" });
  });

  it("does not list a channel again that was deleted while the lists were read", async () => {
    server.list = [lobby, channel("other")];
    await connected();
    let give = () => {};
    const channels = server.channels.bind(server);
    server.channels = async (query) => {
      const before = await channels(query);
      await new Promise<void>((done) => (give = done));
      return before;
    };
    const first = chat.directory.refresh();
    await again();
    chat.channelGone("other");
    for (let i = 0; i < 3; i++) {
      give();
      await again();
    }
    expect(chat.store.get().channels.map((c) => c.id)).toEqual(["lobby"]);
    void first;
  });

  it("keeps nothing of a channel that is gone", async () => {
    server.list = [lobby, channel("other")];
    await connected();
    chat.open("other");
    await vi.waitFor(() => expect(log("other").loaded).toBe(true));
    chat.post(post(1, { channelId: "other" }));
    chat.typingHeard({ channelId: "other", senderId: "ben", senderName: "Ben", isTyping: true });
    chat.messenger.reply("other", { id: "m1", authorName: "Ben", text: "text" });
    chat.readHeard({ channelId: "other", entityId: "ben", seq: 1 });
    chat.presenceHeard({ channelId: "other", entityId: "ben", name: "Ben", present: true });
    chat.channelGone("other");
    const { logs, history, unread, reads, present, replying, marks, typists } = chat.store.get();
    for (const part of [logs, history, unread, reads, present, replying, marks]) expect(part).not.toHaveProperty("other");
    expect(typists["other"] ?? []).toEqual([]);
  });

  it("goes to the lobby when the open channel is deleted", async () => {
    server.list = [lobby, channel("other")];
    await connected();
    chat.open("other");
    chat.channelGone("other");
    expect(chat.store.get().current).toBe("lobby");
  });

  it("leaves a channel that was deleted while it was away, and says what was not sent", async () => {
    await wroteAway("too late");
    server.list = [lobby];
    server.answer = joined([], 0, true);
    chat.connected();
    await vi.waitFor(() => expect(chat.store.get().current).toBe("lobby"));
    const rescued = { words: "other was deleted; what you wrote in it last was not sent.", text: "too late" };
    expect(chat.store.get()).toMatchObject({ outbox: [], rescued });
    expect(server.sent).toEqual([]);
  });

  it("offers all that was written for a channel that is deleted, also in two tabs, and after a reload", async () => {
    vi.stubGlobal("localStorage", memoryStorage());
    server.list = [lobby, channel("other")];
    chat = new Chat(me, () => server);
    chat.store.set({ current: "other" });
    chat.messenger.send("other", "not sent");
    chat.messenger.drafted("other", "a draft");
    chat.messenger.save();
    const [tab, later] = [new Chat(me, () => server), new Chat(me, () => server)];
    chat.store.set({ channels: server.list });
    chat.channelGone("other");
    expect(chat.store.get().rescued?.text).toBe("not sent\n\na draft");
    tab.store.set({ channels: server.list });
    tab.messenger.outbox.settle(tab.messenger.outbox.list()[0]!.clientId); // As another tab's storage tells.
    tab.channelGone("other");
    expect(tab.store.get().rescued?.text).toBe("not sent\n\na draft");
    server.list = [lobby];
    later.connected();
    await vi.waitFor(() => expect(later.store.get().rescued?.text).toBe("not sent\n\na draft"));
    expect(server.sent).toEqual([]);
  });

  it("leaves alone a channel of which it cannot find out whether it is gone", async () => {
    await wroteAway("waits");
    server.answer = joined([], 0, true);
    server.channel = async () => {
      throw new CallError("RATE_LIMITED", "Slowly.");
    };
    chat.connected();
    await again();
    expect(chat.store.get()).toMatchObject({ current: "other", rescued: undefined });
    expect(chat.store.get().outbox).toHaveLength(1);
    expect(server.sent).toEqual([]);
  });
});

describe("history", () => {
  /** serve answers history over REST. */
  function serve(answer: (query: URLSearchParams) => LogEvent[], more: object = {}): void {
    vi.stubGlobal("fetch", async (url: string) => ({
      json: async () => ({ success: true, data: { messages: answer(new URLSearchParams(url.split("?")[1])), ...more } }),
    }));
  }
  const fifty = (from: number) => Array.from({ length: 50 }, (_, i) => post(from + 49 - i));

  it("opens a message in its surroundings, and becomes whole again when it reaches the end", async () => {
    server.newest = fifty(851);
    server.answer = joined([], 900);
    await connected();
    serve(() => fifty(401), { hasOlder: true, hasNewer: true });
    await chat.show("lobby", "m420", 420);
    expect(chat.store.get().focus).toMatchObject({ channelId: "lobby", messageId: "m420" });
    expect(chat.store.get().windows["lobby"]?.posts.at(-1)?.seq).toBe(450);
    chat.post(post(901));
    chat.post(post(430, { rev: 902, text: "edited" }));
    expect(chat.store.get().windows["lobby"]?.posts.find((p) => p.seq === 430)?.text).toBe("edited");
    expect(chat.store.get().windows["lobby"]?.posts.at(-1)?.seq).toBe(450);
    serve((query) => Array.from({ length: 400 }, (_, i) => post(Number(query.get("afterSeq")) + 400 - i)), { hasNewer: true });
    chat.loadNewer("lobby");
    await vi.waitFor(() => expect(chat.store.get().windows["lobby"]).toBeUndefined());
    expect(log()).toMatchObject({ floor: 401, hasOlder: true });
    expect(log().posts.map((p) => p.seq)).toEqual(Array.from({ length: 501 }, (_, i) => 401 + i));
  });

  it("leaves old history for the end", async () => {
    server.newest = fifty(851);
    await connected();
    serve(() => fifty(1), { hasOlder: false, hasNewer: true });
    await chat.show("lobby", "m3", 3);
    chat.toLatest("lobby");
    expect(chat.store.get()).toMatchObject({ windows: {}, focus: undefined });
    expect(texts().at(-1)).toBe("text 900");
  });

  it("leaves old history when the user writes", async () => {
    server.newest = fifty(851);
    await connected();
    serve(() => fifty(1), { hasOlder: false, hasNewer: true });
    await chat.show("lobby", "m3", 3);
    chat.messenger.send("lobby", "here");
    expect(chat.store.get().windows).toEqual({});
  });

  it("shows old history as it is now, whatever came while it was on its way", async () => {
    server.newest = fifty(851);
    await connected();
    serve(
      () => {
        chat.deleted({ kind: "tombstone", id: "m4", channelId: "lobby", seq: 4, rev: 901 });
        chat.post(post(5, { rev: 902, text: "edited" }));
        chat.cleared({ kind: "clearing", id: "cleared-903", channelId: "lobby", seq: 903, rev: 903, upto: 2 });
        return fifty(1);
      },
      { hasOlder: false, hasNewer: true },
    );
    await chat.show("lobby", "m3", 3);
    const { posts } = chat.store.get().windows["lobby"]!;
    expect(posts.slice(0, 2).map((p) => p.text)).toEqual(["text 3", "edited"]);
  });

  it("reads the newest page behind old history that was opened before it came", async () => {
    server.newest = fifty(851);
    let give = () => {};
    const page = server.page.bind(server);
    server.page = async () => {
      await new Promise<void>((done) => (give = done));
      return page();
    };
    chat.connected();
    await vi.waitFor(() => expect(chat.store.get().history["lobby"]).toBe("loading"));
    serve(() => fifty(1), { hasOlder: false, hasNewer: true });
    const first = give;
    await chat.show("lobby", "m3", 3);
    expect(chat.store.get().focus).toMatchObject({ messageId: "m3" });
    first();
    give();
    await vi.waitFor(() => expect(log().loaded).toBe(true));
    chat.toLatest("lobby");
    expect(texts().at(-1)).toBe("text 900");
  });

  it("asks again after a reconnect for what could not be read", async () => {
    server.newest = fifty(851);
    await connected();
    vi.stubGlobal("fetch", async () => Promise.reject(new Error("no network")));
    chat.loadOlder("lobby");
    await vi.waitFor(() => expect(chat.store.get().history["lobby"]).toHaveProperty("failed"));
    chat.disconnected();
    chat.connected();
    await vi.waitFor(() => expect(chat.store.get().history["lobby"]).toBe("idle"));
  });

  it("shows what is loaded without asking, and says when a message is gone", async () => {
    server.newest = [post(2), post(1)];
    await connected();
    await chat.show("lobby", "m1");
    expect(chat.store.get().focus).toMatchObject({ messageId: "m1" });
    await chat.show("lobby", "nowhere");
    expect(chat.store.get().notice).not.toBe("");
  });

  it("forgets what was cleared, also what comes late", async () => {
    server.newest = [post(2), post(1)];
    await connected();
    chat.cleared({ kind: "clearing", id: "cleared-9", channelId: "lobby", seq: 3, rev: 9, upto: 2 });
    chat.post(post(2));
    chat.post(post(10));
    expect(texts()).toEqual(["text 10"]);
    expect(log().cursor).toBe(10);
  });

  it("takes a channel that was made anew for another one", async () => {
    server.answer = joined([], 7);
    server.newest = [post(7)];
    await connected();
    chat.disconnected();
    server.answer = joined([], 1, true);
    server.newest = [post(1, { text: "of another time" })];
    chat.connected();
    await vi.waitFor(() => expect(texts()).toEqual(["of another time"]));
    expect(log().cursor).toBe(1);
  });
});

describe("answers", () => {
  const piece = (index: number, text: string) => ({
    channelId: "lobby",
    messageId: "a1",
    agentId: agent.id,
    agentName: agent.name,
    inReplyTo: "m1",
    attempt: 1,
    index,
    chunk: text,
  });
  const streams = () => (chat.store.get().streams["lobby"] ?? []).map((s) => s.text);

  it("grow piece by piece and are replaced by their message", async () => {
    await connected();
    chat.chunkHeard(piece(0, "How "));
    chat.chunkHeard(piece(1, "are"));
    expect(streams()).toEqual(["How are"]);
    chat.post(post(2, { id: "a1", authorId: agent.id, text: "How are you?" }));
    expect(streams()).toEqual([]);
    chat.chunkHeard(piece(2, " you?"));
    expect(streams()).toEqual([]);
  });

  it("go on after a reload where the join left off", async () => {
    let give: (joined: Joined) => void = () => {};
    server.answer = new Promise((done) => (give = done));
    chat.connected();
    await vi.waitFor(() => expect(server.joins).toHaveLength(1));
    chat.chunkHeard(piece(2, " today"));
    chat.chunkHeard(piece(3, "?"));
    const { channelId: _, chunk: __, ...open } = piece(2, "");
    give(joined([], 1, false, [{ ...open, text: "How are you" }]));
    await vi.waitFor(() => expect(streams()).toEqual(["How are you today?"]));
  });

  it("say why they did not come, until they do", async () => {
    server.newest = [post(1, { authorId: me.id })];
    await connected();
    chat.chunkHeard(piece(0, "How "));
    chat.completed({ channelId: "lobby", messageId: "m1", agentId: agent.id, outcome: "failed", error: "no model" });
    expect(streams()).toEqual([]);
    expect(chat.store.get().outcomes["m1"]).toEqual({ kind: "failed", who: "Eliza", error: "no model" });
    chat.messenger.askAgain("m1");
    await vi.waitFor(() => expect(server.sent).toMatchObject([{ message: "text 1" }]));
    expect(chat.store.get().outcomes).toEqual({});
  });
});

describe("what the user changes", () => {
  it("answers a message once", async () => {
    await connected();
    chat.messenger.reply("lobby", { id: "m1", authorName: "Ben", text: "text 1" });
    chat.messenger.send("lobby", "yes");
    chat.messenger.send("lobby", "no");
    await vi.waitFor(() => expect(server.sent).toHaveLength(2));
    expect(server.sent.map((m) => m.inReplyTo)).toEqual(["m1", undefined]);
  });

  it("edits the last message of ours", async () => {
    server.newest = [post(2), post(1, { authorId: me.id })];
    await connected();
    expect(chat.messenger.editLast("lobby")).toBe(true);
    expect(chat.store.get().editing).toBe("m1");
    expect(await chat.messenger.saveEdit({ channelId: "lobby", id: "m1" }, "better")).toBe("");
    expect(texts()).toEqual(["better", "text 2"]);
    expect(chat.store.get().editing).toBeUndefined();
  });

  it("hides what the server cannot do, and asks again after a reconnect", async () => {
    server.lacks.add("edit");
    await connected();
    expect(await chat.messenger.saveEdit({ channelId: "lobby", id: "m1" }, "better")).not.toBe("");
    expect(chat.store.get().absent).toContain("edit");
    chat.connected();
    expect(chat.store.get().absent).toEqual([]);
  });

  it("makes several chats with an agent, but no second untouched one", async () => {
    await connected();
    await chat.directory.openAgent(agent.id);
    expect(server.channelsMade[0]!.name).toMatch(/^Chat - \w{3} \d{1,2}, \d\d:\d\d:\d\d$/);
    await vi.waitFor(() => expect(log("made").loaded).toBe(true));
    await chat.directory.newChat(agent.id);
    expect(server.channelsMade).toHaveLength(1);
    chat.post(post(1, { channelId: "made" }));
    await chat.directory.newChat(agent.id);
    expect(server.channelsMade).toHaveLength(2);
  });

  it("renames a channel, changes its members and deletes it without a remark", async () => {
    server.list = [lobby, channel("other")];
    await connected();
    chat.open("other");
    expect(await chat.directory.update("other", { name: "Plans", participantCentralUserIds: [me.id] })).toBe("");
    expect(chat.store.get().channels.find((c) => c.id === "other")).toMatchObject({ name: "Plans", participants: [me.id] });
    expect(await chat.deleteChannel("other")).toBe("");
    chat.channelGone("other");
    expect(chat.store.get()).toMatchObject({ current: "lobby", notice: "" });
  });
});
