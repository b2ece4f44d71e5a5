import type { LogEvent, Post } from "../net/events";
import type { OpenStream } from "../net/signals";
import type { OutboxItem } from "../state/outbox";
import type { Outcome } from "../state/outcomes";
import { unturned } from "../text/bidi";
import { dayOf } from "../text/time";

/** A message in the list. Its fields are plain values, so that two rows can be compared. */
export interface MessageRow {
  readonly kind: "message";
  readonly key: string;
  /** Its id on the server; "" until it is stored. */
  readonly id: string;
  /** Its place in the channel; 0 until it is stored. */
  readonly seq: number;
  readonly authorId: string;
  readonly authorName: string;
  readonly text: string;
  readonly at: number;
  /** Whether it follows one of the same author and needs no head of its own. */
  readonly grouped: boolean;
  /** Where a message of ours is on its way; undefined for others' and for older ones. */
  readonly status: "sending" | "waiting" | "sent" | "failed" | undefined;
  /** Why it failed. */
  readonly error: string;
  /** The id under which it can be sent again; undefined once it is stored. */
  readonly clientId: string | undefined;
  /** How many others have read it; told of our last one only. */
  readonly seenBy: number;
  readonly edited: boolean;
  /** Whether it is an answer that was stopped before its end. */
  readonly stopped: boolean;
  /** Whether it is an answer that is still being written. */
  readonly streaming: boolean;
  /** The message it answers, if that is worth telling; "" if not. */
  readonly replyTo: string;
  /** Who wrote that and what, as far as it is loaded. */
  readonly replyName: string;
  readonly replyText: string;
  readonly outcome: Outcome | undefined;
}

/** One line of the message list. */
export type Row =
  | MessageRow
  | { readonly kind: "top"; readonly key: "top" }
  | { readonly kind: "bottom"; readonly key: "bottom" }
  | { readonly kind: "new"; readonly key: "new" }
  | { readonly kind: "day"; readonly key: string; readonly at: number };

/** How far apart two messages of one author may be to stand under one head. */
const groupFor = 5 * 60_000;

/** How much of an answered message is quoted. */
const quoteLength = 160;

/** What rows are made of, apart from messages. */
export interface Scene {
  readonly me: { readonly id: string; readonly name: string };
  readonly entries: ReadonlyMap<string, LogEvent>;
  /** The seq after which the line of new messages stands. */
  readonly mark: number | undefined;
  readonly outcomes: Readonly<Record<string, Outcome>>;
  /** Up to where each of the others has read. */
  readonly readers: readonly number[];
  readonly isAgent: (id: string) => boolean;
}

/** What stands in the row of a message that is not stored. */
const bare = {
  kind: "message",
  id: "",
  seq: 0,
  status: undefined,
  error: "",
  clientId: undefined,
  seenBy: 0,
  edited: false,
  stopped: false,
  streaming: false,
  outcome: undefined,
} as const;

/** The last message laid out, for what the next one depends on. */
type Before = Pick<MessageRow, "authorId" | "at" | "id"> | undefined;

/** storedRows lays out what is stored, day by day, below the top of the list. */
export function storedRows(posts: readonly Post[], scene: Scene): Row[] {
  const rows: Row[] = [{ kind: "top", key: "top" }];
  const { me, mark } = scene;
  const lastOwn = posts.findLast((post) => post.authorId === me.id);
  let before: Before;
  let marked = mark === undefined;
  let day = { from: 1, to: 0 };
  for (const post of posts) {
    const own = post.authorId === me.id;
    const newDay = post.at < day.from || post.at >= day.to;
    // A new day is a line of its own; most messages stand in the day of the last one.
    if (newDay) day = dayAround(post.at);
    const newHere = !marked && !own && post.seq > mark!;
    if (newDay) rows.push({ kind: "day", key: `day-${post.id}`, at: post.at });
    if (newHere) rows.push({ kind: "new", key: "new" });
    marked ||= newHere;
    const grouped = !newDay && !newHere && post.inReplyTo === undefined && follows(before, post);
    rows.push(storedRow(post, before, grouped, post === lastOwn, scene));
    before = post;
  }
  return rows;
}

/** storedRow is one stored message. It names every field: a list has tens of thousands of them. */
function storedRow(post: Post, before: Before, grouped: boolean, last: boolean, scene: Scene): MessageRow {
  const quote = quoteOf(post, before, scene);
  return {
    kind: "message",
    // The same key before and after the ack, so that the line stays the same element.
    key: post.authorId === scene.me.id ? (post.clientId ?? post.id) : post.id,
    id: post.id,
    seq: post.seq,
    authorId: post.authorId,
    authorName: unturned(post.authorName) || "Somebody",
    text: post.text,
    at: post.at,
    grouped,
    status: last ? "sent" : undefined,
    error: "",
    clientId: undefined,
    seenBy: last ? scene.readers.filter((seq) => seq >= post.seq).length : 0,
    edited: post.edited === true,
    stopped: post.stopped === true,
    streaming: false,
    replyTo: quote.replyTo,
    replyName: quote.replyName,
    replyText: quote.replyText,
    outcome: scene.outcomes[post.id],
  };
}

/** What a message says of the one that it answers. */
type Quote = Pick<MessageRow, "replyTo" | "replyName" | "replyText">;

/** noQuote is that of a message that answers none. */
const noQuote: Quote = { replyTo: "", replyName: "", replyText: "" };

/** quoteOf is what a reply says of the message it answers: nothing if that stands right above an agent's. */
function quoteOf({ inReplyTo, authorId }: Pick<Post, "inReplyTo" | "authorId">, before: Before, scene: Scene): Quote {
  if (inReplyTo === undefined || (scene.isAgent(authorId) && before?.id === inReplyTo)) return noQuote;
  const entry = scene.entries.get(inReplyTo);
  if (entry?.kind === "tombstone") return { replyTo: inReplyTo, replyName: "", replyText: "This message was deleted." };
  if (entry?.kind !== "post") {
    return scene.isAgent(authorId) ? noQuote : { replyTo: inReplyTo, replyName: "", replyText: "Show the message" };
  }
  return {
    replyTo: inReplyTo,
    replyName: unturned(entry.authorName) || "Somebody",
    replyText: entry.text.slice(0, quoteLength),
  };
}

/** bottom stands below a window of old history, until what follows is there. */
export const bottom: Row = { kind: "bottom", key: "bottom" };

/** unstoredRows lays out what is on its way below what is stored: our messages, and answers. */
export function unstoredRows(
  stored: readonly Row[],
  pending: readonly OutboxItem[],
  streams: readonly OpenStream[],
  scene: Scene,
): Row[] {
  const rows: Row[] = [];
  const last = stored.at(-1);
  let before: Before = last?.kind === "message" ? last : undefined;
  const add = (row: MessageRow) => {
    if (before === undefined || dayOf(before.at) !== dayOf(row.at)) rows.push({ kind: "day", key: `day-${row.id || row.key}`, at: row.at });
    rows.push(row);
    before = row;
  };
  for (const item of pending) add(pendingRow(item, before, scene));
  for (const stream of streams) add(streamRow(stream, before, scene));
  return rows;
}

function pendingRow(item: OutboxItem, before: Before, scene: Scene): MessageRow {
  // A clock behind the server's must not open a day before the last one.
  const at = Math.max(item.at, before?.at ?? 0);
  const { id: authorId, name: authorName } = scene.me;
  const quote = quoteOf({ authorId, ...(item.inReplyTo === undefined ? {} : { inReplyTo: item.inReplyTo }) }, before, scene);
  return {
    ...bare,
    ...quote,
    key: item.clientId,
    authorId,
    authorName,
    text: item.text,
    at,
    grouped: item.inReplyTo === undefined && follows(before, { authorId, at }) && dayOf(before!.at) === dayOf(at),
    status: item.state,
    error: item.error ?? "",
    clientId: item.clientId,
  };
}

function streamRow(stream: OpenStream, before: Before, scene: Scene): MessageRow {
  const post = { authorId: stream.agentId, at: Math.max(before?.at ?? 0, 1), ...(stream.inReplyTo === "" ? {} : { inReplyTo: stream.inReplyTo }) };
  return {
    ...bare,
    ...quoteOf(post, before, scene),
    key: stream.messageId,
    authorId: stream.agentId,
    authorName: unturned(stream.agentName) || "Agent",
    text: stream.text,
    at: post.at,
    grouped: false,
    streaming: true,
  };
}

/** follows says whether a message of the same day may stand under the head of the one before. */
function follows(before: Before, row: Pick<Post, "authorId" | "at">): boolean {
  return before?.authorId === row.authorId && row.at - before.at < groupFor;
}

/** dayAround is the day of a moment, from its start to that of the next. */
function dayAround(at: number): { from: number; to: number } {
  const from = dayOf(at);
  return { from, to: new Date(from).setDate(new Date(from).getDate() + 1) };
}

/** estimateOf is about how high a row is that was never drawn, in pixels. */
export function estimateOf(row: Row | undefined): number {
  if (row === undefined || row.kind !== "message") return 44;
  const lines = Math.min(30, Math.ceil(row.text.length / 85));
  return (row.grouped ? 4 : 38) + lines * 24 + (row.replyTo === "" ? 0 : 28);
}
