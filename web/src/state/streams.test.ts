import { describe, expect, it } from "vitest";
import type { Chunk } from "../net/signals";
import { Streams } from "./streams";

function chunk(index: number, text: string, more: Partial<Chunk> = {}): Chunk {
  const base = { channelId: "c", messageId: "a", agentId: "e", agentName: "Eliza", inReplyTo: "q", attempt: 1 };
  return { ...base, index, chunk: text, ...more };
}

/** hearing gives pieces to new Streams and returns the texts that are open then. */
function hearing(...chunks: Chunk[]): string[] {
  let open: string[] = [];
  const streams = new Streams((lists) => (open = (lists["c"] ?? []).map((s) => s.text)));
  for (const one of chunks) streams.heard(one, true);
  return open;
}

describe("Streams", () => {
  it("puts pieces together as they are", () => {
    expect(hearing(chunk(0, "a "), chunk(1, ""), chunk(2, " b"))).toEqual(["a  b"]);
  });

  it("ignores what it knows", () => {
    expect(hearing(chunk(0, "a"), chunk(1, "b"), chunk(0, "a"), chunk(1, "b"))).toEqual(["ab"]);
  });

  it("starts anew with a higher attempt, and ignores a lower one", () => {
    expect(hearing(chunk(0, "a"), chunk(0, "x", { attempt: 2 }), chunk(1, "b"), chunk(1, "y", { attempt: 2 }))).toEqual(["xy"]);
  });

  it("shows no text with a hole in it", () => {
    expect(hearing(chunk(0, "a"), chunk(2, "c"))).toEqual(["a"]);
    expect(hearing(chunk(1, "b"))).toEqual([]);
  });

  it("keeps answers apart", () => {
    expect(hearing(chunk(0, "a"), chunk(0, "x", { messageId: "b" }), chunk(1, "b"))).toEqual(["ab", "x"]);
  });

  it("replaces what was open by what a join tells, with what came meanwhile", () => {
    let open: string[] = [];
    const streams = new Streams((lists) => (open = (lists["c"] ?? []).map((s) => s.text)));
    streams.heard(chunk(0, "lost"), true);
    streams.heard(chunk(1, "b"), false);
    streams.heard(chunk(2, "c"), false);
    streams.heard(chunk(0, "new", { messageId: "n" }), false);
    const { channelId: _, chunk: __, ...rest } = chunk(2, "");
    streams.replace("c", [{ ...rest, text: "ab" }, { ...rest, messageId: "done", text: "x" }], (id) => id === "done");
    expect(open).toEqual(["abc", "new"]);
    streams.replace("c", [], () => false);
    expect(open).toEqual([]);
  });
});
