import { describe, expect, it } from "vitest";
import { readAgent, readChannel } from "./directory";
import { readClearing, readDeletion, readEvent, readPage } from "./events";
import { readChunk, readCompletion, readJoined, readMarks, readPresence, readPresent, readTyping, readUnreads } from "./signals";

describe("readEvent", () => {
  const expected = { kind: "post", id: "m", channelId: "c", authorId: "u", authorName: "Ann", text: "hi", at: 1000, seq: 3, rev: 4 };

  it.each([
    ["live", { id: "m", senderId: "u", senderName: "Ann", text: "hi", channelId: "c", createdAt: 1000, seq: 3, rev: 4 }],
    [
      "history",
      {
        id: "m",
        authorId: "u",
        content: "hi",
        channelId: "c",
        createdAt: "1970-01-01T00:00:01.000Z",
        metadata: { user_display_name: "Ann" },
        inReplyToRootMessageId: null,
        seq: 3,
        rev: 4,
      },
    ],
    [
      "ack",
      { id: "m", author_id: "u", author_display_name: "Ann", content: "hi", channel_id: "c", created_at: 1000, seq: 3, rev: 4 },
    ],
  ])("reads the %s form", (_, value) => {
    expect(readEvent(value)).toEqual(expected);
  });

  it("reads a tombstone, and a deletion without numbers", () => {
    const value = { id: "m", channelId: "c", seq: 3, rev: 4, deleted: true };
    expect(readEvent(value)).toEqual({ kind: "tombstone", id: "m", channelId: "c", seq: 3, rev: 4 });
    expect(readDeletion({ messageId: "m", channelId: "c" })).toEqual({ kind: "tombstone", id: "m", channelId: "c", seq: 0, rev: 0 });
  });

  it("reads what happened to a message since it was sent", () => {
    const base = { id: "m", channelId: "c", seq: 3, rev: 9 };
    expect(readEvent({ ...base, edited: true })).toMatchObject({ edited: true });
    expect(readEvent({ ...base, metadata: { edited: true, stopped: true } })).toMatchObject({ edited: true, stopped: true });
    expect(readEvent({ ...base, inReplyTo: "q" })).toMatchObject({ inReplyTo: "q" });
  });

  it("reads a clearing, live and in a catch-up; without a number it clears everything", () => {
    const value = { channelId: "c", seq: 8, rev: 9, upto: 7 };
    const expected = { kind: "clearing", id: "cleared-9", channelId: "c", seq: 8, rev: 9, upto: 7 };
    expect(readEvent({ ...value, id: "x", cleared: true })).toMatchObject(expected);
    expect(readClearing(value)).toEqual(expected);
    expect(readClearing({ channelId: "c" })?.upto).toBe(Number.POSITIVE_INFINITY);
  });

  it.each([undefined, null, 7, "x", [], {}, { id: 1, channelId: "c" }, { id: "m" }, { channelId: "c" }])("refuses %j", (value) => {
    expect(readEvent(value)).toBeUndefined();
  });

  it("replaces what has the wrong type", () => {
    const value = { id: "m", channelId: "c", text: {}, senderName: 4, createdAt: "never", seq: "3", metadata: [] };
    expect(readEvent(value)).toMatchObject({ text: "", authorName: "", at: 0, seq: 0 });
  });
});

it("reads what else the server says, and refuses what it cannot", () => {
  expect(readAgent({ id: "a", name: "Eliza", status: "active" })).toEqual({ id: "a", name: "Eliza", bio: "", active: true });
  expect(readAgent({ id: "a", bio: ["One.", 2, "Three."] })?.bio).toBe("One. Three.");
  expect(readAgent({})).toBeUndefined();
  expect(readChannel({ id: "c", type: "DM", metadata: { participantCentralUserIds: ["u", 7] } })).toMatchObject({
    type: "DM",
    participants: ["u"],
  });
  expect(readChannel(null)).toBeUndefined();
  expect(readJoined({ messages: [7, { id: "m", channelId: "c" }], head: 5 })).toMatchObject({ head: 5, truncated: false });
  expect(readTyping({ channelId: "c", senderId: "u", isTyping: "yes" })).toMatchObject({ isTyping: false });
  expect(readTyping({ channelId: "c" })).toBeUndefined();
});

it("reads pages, and keeps apart what a server does not say from no", () => {
  expect(readPage({ messages: [{ id: "m", channelId: "c" }], hasOlder: false })).toMatchObject({
    events: [{ id: "m" }],
    hasOlder: false,
    hasNewer: undefined,
  });
});

it("reads streams, presence and reads, and refuses what names nothing", () => {
  const chunk = { channelId: "c", messageId: "m", agentId: "a", agentName: "Eliza", inReplyTo: "q", attempt: 1, index: 2, chunk: "x" };
  expect(readChunk(chunk)).toEqual(chunk);
  expect(readChunk({ channelId: "c" })).toBeUndefined();
  const { channelId: _, chunk: __, ...open } = { ...chunk, text: "so far" };
  expect(readJoined({ streams: [open, {}] }).streams).toEqual([open]);
  expect(readCompletion({ channelId: "c", outcome: "failed", error: "why" })).toEqual({ channelId: "c", outcome: "failed", error: "why" });
  expect(readPresence({ channelId: "c", entityId: "u", name: "Ann", state: "left" })).toMatchObject({ present: false });
  expect(readPresence({ channelId: "c" })).toBeUndefined();
  expect(readPresent({ entities: [{ entityId: "u", name: "Ann", sockets: 2 }, 7] })).toEqual([{ entityId: "u", name: "Ann" }]);
  expect(readMarks({ channelId: "c", reads: [{ entityId: "u", seq: 4 }, {}] })).toEqual([{ channelId: "c", entityId: "u", seq: 4 }]);
  expect(readUnreads({ channels: [{ channelId: "c", seq: 1, unread: 2, head: 3 }, {}] })).toEqual([
    { channelId: "c", seq: 1, unread: 2, head: 3 },
  ]);
});
