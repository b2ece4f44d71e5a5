import { describe, expect, it } from "vitest";
import type { Page, Post, Tombstone } from "../net/events";
import { advance, broken, emptyLog, merge, shortened, united, windowOf, withNewer, withPage, type ChannelLog } from "./log";
import { pageOf } from "./testing";

function post(seq: number, more: Partial<Post> = {}): Post {
  return {
    kind: "post",
    id: `m${seq}`,
    channelId: "c",
    authorId: "u",
    authorName: "Ann",
    text: `text ${seq}`,
    at: seq * 1000,
    seq,
    rev: seq,
    ...more,
  };
}

function gone(seq: number, rev: number): Tombstone {
  return { kind: "tombstone", id: `m${seq}`, channelId: "c", seq, rev };
}

function page(from: number, to: number): Page {
  return pageOf(Array.from({ length: to - from + 1 }, (_, i) => post(to - i)));
}

function texts(log: ChannelLog): string[] {
  return log.posts.map((p) => p.text);
}

/** A log whose whole history is loaded. */
const whole = withPage(emptyLog, pageOf([]), 50);

describe("merge", () => {
  it("orders by seq, whatever the order of arrival", () => {
    expect(texts(merge(whole, [post(3), post(1), post(2)]))).toEqual(["text 1", "text 2", "text 3"]);
  });

  it("shows a repeated event once and leaves the log untouched", () => {
    const log = merge(whole, [post(1)]);
    expect(merge(log, [post(1)])).toBe(log);
  });

  it("lets the higher rev win, early or late, and keeps the place", () => {
    const edited = post(1, { rev: 9, text: "edited" });
    expect(texts(merge(whole, [post(1), post(2), edited]))).toEqual(["edited", "text 2"]);
    expect(texts(merge(whole, [edited, post(2), post(1)]))).toEqual(["edited", "text 2"]);
  });

  it("never brings a deleted message back", () => {
    expect(texts(merge(whole, [post(1), gone(1, 5), post(1), post(1, { rev: 7 })]))).toEqual([]);
    expect(texts(merge(whole, [gone(1, 5), post(1)]))).toEqual([]);
  });

  it("keeps the place of a message whose deletion names no number", () => {
    const log = merge(whole, [post(4), gone(4, 0)]);
    expect(log.entries.get("m4")).toMatchObject({ kind: "tombstone", seq: 4, rev: 4 });
  });

  it("learns the sender's id from a repeat and keeps it over an edit", () => {
    const log = merge(whole, [post(1), post(1, { clientId: "t1" }), post(1, { rev: 8 })]);
    expect(log.posts[0]).toMatchObject({ clientId: "t1", rev: 8 });
  });
});

describe("withPage", () => {
  it("hides what lies below a loaded page until its own page is there", () => {
    let log = withPage(merge(emptyLog, [post(3, { rev: 200 })]), page(51, 100), 50);
    expect(log.posts).toHaveLength(50);
    expect(log).toMatchObject({ floor: 51, hasOlder: true });
    log = withPage(log, page(1, 50), 50);
    expect(log.posts.map((p) => p.seq)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
    expect(log.posts[2]?.rev).toBe(200);
  });

  it("takes a short page for the beginning of the channel", () => {
    expect(withPage(emptyLog, page(4, 9), 50)).toMatchObject({ floor: 0, hasOlder: false, loaded: true });
  });

  it("keeps live events that came before the page", () => {
    const log = withPage(merge(emptyLog, [post(101)]), page(51, 100), 50);
    expect(log.posts.at(-1)?.seq).toBe(101);
  });
});

describe("cursor", () => {
  it("only goes forward", () => {
    expect(advance(advance(emptyLog, 7), 3).cursor).toBe(7);
    expect(advance(emptyLog, 0).cursor).toBe(0);
  });

  it("survives a broken catch-up, which keeps only what is newer than head", () => {
    const log = broken(advance(merge(whole, [post(1), post(901)]), 901), 900);
    expect(log).toMatchObject({ loaded: false, cursor: 901 });
    expect(texts(withPage(log, page(851, 900), 50)).at(-1)).toBe("text 901");
  });
});

describe("clearings", () => {
  const clearing = (upto: number) => ({ kind: "clearing" as const, id: "x", channelId: "c", seq: upto + 1, rev: 50, upto });

  it("take away all up to a place, and what comes late from there", () => {
    const log = merge(whole, [post(1), post(2), clearing(2), post(3)]);
    expect(texts(log)).toEqual(["text 3"]);
    expect(texts(merge(log, [post(2)]))).toEqual(["text 3"]);
    expect(log.entries.size).toBe(1);
  });

  it("leave nothing to be loaded where they reach over the floor", () => {
    const log = withPage(emptyLog, page(51, 100), 50);
    expect(merge(log, [clearing(70)])).toMatchObject({ hasOlder: false, floor: 0 });
    expect(merge(log, [clearing(30)])).toMatchObject({ hasOlder: true, floor: 51 });
  });
});

describe("windows", () => {
  const more = { hasOlder: true, hasNewer: true };

  it("show what is complete, and grow on both sides", () => {
    let window = windowOf({ ...page(101, 150), ...more }, 50);
    expect(window).toMatchObject({ floor: 101, ceiling: 150 });
    window = withNewer(window, { ...page(151, 200), ...more }, 50);
    window = withPage(window, { ...page(51, 100), ...more }, 50);
    expect(window.posts.map((p) => p.seq)).toEqual(Array.from({ length: 150 }, (_, i) => i + 51));
    expect(merge(window, [post(900)]).posts.at(-1)?.seq).toBe(200);
  });

  it("unite with the log as soon as no gap is between them", () => {
    const log = withPage(emptyLog, page(201, 250), 50);
    const window = windowOf({ ...page(101, 150), ...more }, 50);
    expect(united(log, window)).toBeUndefined();
    const whole = united(log, withNewer(window, { ...page(151, 200), ...more }, 50));
    expect(whole).toMatchObject({ floor: 101, hasOlder: true, ceiling: Number.POSITIVE_INFINITY });
    expect(whole?.posts).toHaveLength(150);
  });

  it("that reach the end are the end", () => {
    const window = windowOf({ ...page(101, 150), hasOlder: true, hasNewer: false }, 50);
    expect(window.ceiling).toBe(Number.POSITIVE_INFINITY);
  });
});

it("is shortened to its newest posts, and read again from there", () => {
  const log = merge(whole, [...page(1, 300).events, gone(250, 301)]);
  const short = shortened(log, 100);
  expect(short).toMatchObject({ floor: 200, hasOlder: true, loaded: true });
  expect(short.posts).toHaveLength(100);
  expect(short.entries.size).toBe(101);
  expect(shortened(short, 100)).toEqual(short);
  expect(shortened(log, 1_000)).toBe(log);
  const again = withPage(short, { ...page(1, 199), hasOlder: false }, 200);
  expect(texts(again)).toEqual(texts(log));
});

it("appends to 20,000 messages without sorting them anew", () => {
  const log = merge(whole, page(1, 20_000).events);
  const next = merge(log, [post(20_001)]);
  expect(next.posts).toHaveLength(20_001);
  expect(next.posts.slice(0, -1).every((p, i) => p === log.posts[i])).toBe(true);
});
