import { describe, expect, it } from "vitest";
import { readAgent, readChannel, readDeletion, readEvent, readJoined, readTyping } from "./events";

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
