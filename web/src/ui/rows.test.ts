import { describe, expect, it } from "vitest";
import type { Post } from "../net/events";
import { rowsOf } from "./rows";

const me = { id: "me", name: "Ann" };
const noon = new Date(2026, 4, 1, 12).getTime();

function post(n: number, authorId: string, at: number, clientId?: string): Post {
  const base = { kind: "post" as const, id: `m${n}`, channelId: "c", authorId, authorName: authorId, text: "", seq: n, rev: n };
  return clientId === undefined ? { ...base, at } : { ...base, at, clientId };
}

const shape = (rows: ReturnType<typeof rowsOf>) =>
  rows.map((row) => (row.kind === "day" ? "day" : row.grouped ? "grouped" : "headed"));

describe("rowsOf", () => {
  it("separates days and groups what one author writes in a row", () => {
    const rows = rowsOf(
      [post(1, "ben", noon), post(2, "ben", noon + 1000), post(3, "me", noon + 2000), post(4, "ben", noon + 3000), post(5, "ben", noon + 86_400_000)],
      [],
      me,
    );
    expect(shape(rows)).toEqual(["day", "headed", "grouped", "headed", "headed", "day", "headed"]);
  });

  it("starts a new group after a pause", () => {
    expect(shape(rowsOf([post(1, "ben", noon), post(2, "ben", noon + 600_000)], [], me))).toEqual(["day", "headed", "headed"]);
  });

  it("keeps the key of a message of ours over its ack, and marks the last one as sent", () => {
    const item = { clientId: "t1", channelId: "c", text: "", at: noon, state: "sending" as const, attempts: 1 };
    const before = rowsOf([post(1, "me", noon)], [item], me);
    const after = rowsOf([post(1, "me", noon), post(2, "me", noon, "t1")], [], me);
    expect(after.at(-1)?.key).toBe(before.at(-1)?.key);
    expect(after.map((row) => (row.kind === "message" ? row.status : "day"))).toEqual(["day", undefined, "sent"]);
  });

  it("opens no earlier day for a clock that is behind", () => {
    const item = { clientId: "t1", channelId: "c", text: "", at: noon - 86_400_000, state: "waiting" as const, attempts: 0 };
    expect(shape(rowsOf([post(1, "ben", noon)], [item], me))).toEqual(["day", "headed", "headed"]);
  });
});
