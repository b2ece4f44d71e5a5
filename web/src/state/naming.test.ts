import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Chat } from "./chat";
import { chatName, nameFrom } from "./naming";
import { channelOf } from "./select";
import { again, agent, channel, FakeServer, lobby, me, post } from "./testing";

describe("the name that a question gives", () => {
  it.each([
    ["What is a tide?", "What is a tide?"],
    ["  two\n\nlines ", "two lines"],
    ["What would you bring to a picnic on the pier, and why?", "What would you bring to a picnic on the…"],
    ["Tell me everything about the old harbour please", "Tell me everything about the old harbour…"],
    ["Tell me everything about the harbours - or not", "Tell me everything about the harbours…"],
    ["## Why is **this** _so_ ~~un~~clear in `go vet`?", "Why is this so ~~un~~clear in go vet?"],
    ["**_both_** and [a link](https://example.org)", "both and a link"],
    ["Is 2 * 3 * 4 in snake_case_words?", "Is 2 * 3 * 4 in snake_case_words?"],
    ["Fix this:\n```go\nfunc main() {}\n```", "Fix this:"],
    ["```\nonly code\n```", ""],
    [`${"😀".repeat(30)}`, `${"😀".repeat(19)}…`],
    ["a\u202egnp.exe", "agnp.exe"],
  ])("%j is %j", (question, name) => expect(nameFrom(question)).toBe(name));

  it("is not awaited in the list", () => {
    expect(chatName({ name: "Chat - Nov 25, 09:30:00" })).toBe("New chat");
    expect(chatName({ name: "Chat - about boats" })).toBe("Chat - about boats");
  });
});

describe("naming a chat", () => {
  let server: FakeServer;
  let chat: Chat;
  const direct = (name: string) => channel("dm", { name, type: "DM", participants: [me.id, agent.id], metadata: { forAgent: agent.id } });

  /** opened is the page with a direct chat of this name open. */
  async function opened(name: string): Promise<void> {
    server.list = [lobby, direct(name)];
    chat.connected();
    await vi.waitFor(() => expect(channelOf(chat.store.get(), "dm")).toBeDefined());
    chat.open("dm");
    await again();
  }

  /** say sends a message, which is the n-th of the chat. */
  async function say(text: string, n: number): Promise<void> {
    server.stored = [post(n, { channelId: "dm", authorId: me.id, text })];
    chat.messenger.send("dm", text);
    await again();
  }

  beforeEach(() => {
    vi.stubGlobal("navigator", { onLine: true });
    vi.stubGlobal("document", { visibilityState: "visible" });
    server = new FakeServer();
    chat = new Chat(me, () => server);
  });
  afterEach(() => vi.unstubAllGlobals());

  it("takes the first question, once", async () => {
    await opened("Chat - Nov 25, 09:30:00");
    await say("What is a tide?", 1);
    await say("And an ebb?", 2);
    expect(server.changes).toEqual([{ name: "What is a tide?" }]);
    expect(channelOf(chat.store.get(), "dm")?.name).toBe("What is a tide?");
  });

  it("leaves a name that somebody chose, also a moment ago elsewhere", async () => {
    await opened("Boats");
    await say("What is a tide?", 1);
    server.list = [lobby, direct("Chat - Nov 25, 09:30:00")];
    await chat.directory.refresh();
    server.list = [lobby, direct("Boats again")];
    await say("And an ebb?", 2);
    expect(server.changes).toEqual([]);
    expect(channelOf(chat.store.get(), "dm")?.name).toBe("Boats again");
  });

  it("names a chat that was left unnamed after its first question, not its last", async () => {
    server.newest = [post(2, { channelId: "dm", authorId: agent.id }), post(1, { channelId: "dm", authorId: me.id, text: "What is a tide?" })];
    await opened("Chat - Nov 25, 09:30:00");
    await say("And an ebb?", 3);
    expect(server.changes).toEqual([{ name: "What is a tide?" }]);
  });

  it("says nothing where the server cannot do it", async () => {
    server.lacks.add("updateChannel");
    await opened("Chat - Nov 25, 09:30:00");
    await say("What is a tide?", 1);
    await say("And an ebb?", 2);
    expect(server.calls.filter((name) => name === "updateChannel")).toHaveLength(1);
    expect(chat.store.get().notice).toBe("");
  });
});
