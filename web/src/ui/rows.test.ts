import { describe, expect, it } from "vitest";
import type { LogEvent, Post } from "../net/events";
import type { OutboxItem } from "../state/outbox";
import { storedRows, unstoredRows, type MessageRow, type Row, type Scene } from "./rows";

const me = { id: "me", name: "Ann" };
const noon = new Date(2026, 4, 1, 12).getTime();

function post(n: number, authorId: string, at: number, more: Partial<Post> = {}): Post {
  const base = { kind: "post" as const, id: `m${n}`, channelId: "c", authorId, authorName: authorId, text: `t${n}`, seq: n, rev: n };
  return { ...base, at, ...more };
}

function item(clientId: string, at: number, state: OutboxItem["state"]): OutboxItem {
  return { clientId, channelId: "c", text: "", at, state, attempts: 1 };
}

function scene(posts: readonly LogEvent[], more: Partial<Scene> = {}): Scene {
  const entries = new Map(posts.map((p) => [p.id, p]));
  return { me, entries, mark: undefined, outcomes: {}, readers: [], isAgent: (id) => id === "bot", ...more };
}

/** rowsOf lays out what is stored and what is on its way, without the top. */
function rowsOf(posts: readonly Post[], pending: readonly OutboxItem[] = [], more: Partial<Scene> = {}): Row[] {
  const set = scene(posts, more);
  const stored = storedRows(posts, set);
  return [...stored, ...unstoredRows(stored, pending, [], set)].slice(1);
}

const messages = (rows: readonly Row[]) => rows.filter((row): row is MessageRow => row.kind === "message");
const shape = (rows: readonly Row[]) =>
  rows.map((row) => (row.kind !== "message" ? row.kind : row.grouped ? "grouped" : "headed"));

describe("rows", () => {
  it("separate days and group what one author writes in a row", () => {
    const rows = rowsOf([
      post(1, "ben", noon),
      post(2, "ben", noon + 1000),
      post(3, "me", noon + 2000),
      post(4, "ben", noon + 3000),
      post(5, "ben", noon + 86_400_000),
    ]);
    expect(shape(rows)).toEqual(["day", "headed", "grouped", "headed", "headed", "day", "headed"]);
  });

  it("start a new group after a pause, at a reply, and at the line of new messages", () => {
    expect(shape(rowsOf([post(1, "ben", noon), post(2, "ben", noon + 600_000)]))).toEqual(["day", "headed", "headed"]);
    expect(shape(rowsOf([post(1, "ben", noon), post(2, "ben", noon, { inReplyTo: "m1" })]))).toEqual(["day", "headed", "headed"]);
    const posts = [post(1, "ben", noon), post(2, "me", noon), post(3, "ben", noon), post(4, "ben", noon)];
    expect(shape(rowsOf(posts, [], { mark: 1 }))).toEqual(["day", "headed", "headed", "new", "headed", "grouped"]);
    expect(shape(rowsOf(posts, [], { mark: 4 }))).not.toContain("new");
  });

  it("keep the key of a message of ours over its ack, and mark the last one as sent", () => {
    const before = rowsOf([post(1, "me", noon)], [item("t1", noon, "sending")]);
    const after = rowsOf([post(1, "me", noon), post(2, "me", noon, { clientId: "t1" })]);
    expect(after.at(-1)?.key).toBe(before.at(-1)?.key);
    expect(messages(after).map((row) => row.status)).toEqual([undefined, "sent"]);
  });

  it("open no earlier day for a clock that is behind", () => {
    expect(shape(rowsOf([post(1, "ben", noon)], [item("t1", noon - 86_400_000, "waiting")]))).toEqual(["day", "headed", "headed"]);
  });

  it("count who has read our last message", () => {
    const rows = messages(rowsOf([post(1, "me", noon), post(2, "me", noon)], [], { readers: [2, 1, 7] }));
    expect(rows.map((row) => row.seenBy)).toEqual([0, 2]);
  });

  it("quote what is answered, unless an agent answers what stands right above", () => {
    const posts = [
      post(1, "me", noon),
      post(2, "bot", noon, { inReplyTo: "m1" }),
      post(3, "bot", noon, { inReplyTo: "m1" }),
      post(4, "ben", noon, { inReplyTo: "old" }),
    ];
    expect(messages(rowsOf(posts)).map((row) => [row.replyTo, row.replyText])).toEqual([
      ["", ""],
      ["", ""],
      ["m1", "t1"],
      ["old", "Show the message"],
    ]);
  });

  it("turn a growing answer into its message in the same place", () => {
    const posts = [post(1, "me", noon)];
    const stream = { messageId: "m2", agentId: "bot", agentName: "bot", inReplyTo: "m1", attempt: 1, index: 3, text: "so f" };
    const stored = storedRows(posts, scene(posts));
    const [growing] = unstoredRows(stored, [], [stream], scene(posts));
    const done = rowsOf([...posts, post(2, "bot", noon, { inReplyTo: "m1" })]).at(-1);
    expect(growing).toMatchObject({ kind: "message", text: "so f", streaming: true, replyTo: "" });
    expect(done?.key).toBe(growing?.key);
  });

  it("lay out 20,000 messages in a moment", () => {
    const posts = Array.from({ length: 20_000 }, (_, i) => post(i, i % 3 === 0 ? "ben" : "ann", noon + i * 60_000));
    const began = performance.now();
    expect(rowsOf(posts).length).toBeGreaterThan(20_000);
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});
