import { channelIn, count, each, fields, first, instant } from "./read";

/** A message as it stands in a channel's log. */
export interface Post {
  kind: "post";
  id: string;
  channelId: string;
  authorId: string;
  authorName: string;
  text: string;
  /** When it was stored, in milliseconds. */
  at: number;
  /** Its place in the channel, for ever. */
  seq: number;
  /** The number of its last change; the higher one wins. */
  rev: number;
  /** The id of the message that it answers. */
  inReplyTo?: string;
  /** The id its sender gave it; only the sender hears it. */
  clientId?: string;
  /** Whether its text was changed after it was sent. */
  edited?: true;
  /** Whether it is an answer that was stopped before its end. */
  stopped?: true;
}

/** What is left of a deleted message. */
export interface Tombstone {
  kind: "tombstone";
  id: string;
  channelId: string;
  seq: number;
  rev: number;
}

/** The end of everything up to a place: the channel was cleared. */
export interface Clearing {
  kind: "clearing";
  id: string;
  channelId: string;
  seq: number;
  rev: number;
  /** All messages with a seq up to this one are gone. */
  upto: number;
}

/** One entry of a channel's log. */
export type LogEvent = Post | Tombstone | Clearing;

/** A piece of history, in any order, and whether there is more on either side. */
export interface Page {
  events: LogEvent[];
  /** undefined where the server does not say. */
  hasOlder: boolean | undefined;
  hasNewer: boolean | undefined;
}

/**
 * readEvent reads an entry in any of the forms in which the server tells it (live,
 * catch-up, history row, answer to a send). It returns undefined for anything else.
 */
export function readEvent(value: unknown): LogEvent | undefined {
  const f = fields(value);
  const channelId = channelIn(f);
  if (channelId === "") return undefined;
  const seq = count(f["seq"]);
  const rev = count(f["rev"]) || seq;
  if (f["cleared"] === true) return { kind: "clearing", id: `cleared-${rev}`, channelId, seq, rev, upto: count(f["upto"]) };
  const id = first(f, "id", "messageId");
  if (id === "") return undefined;
  if (f["deleted"] === true) return { kind: "tombstone", id, channelId, seq, rev };
  return readPost(f, { kind: "post", id, channelId, seq, rev });
}

/** readPost reads what is said in a message. */
function readPost(f: Record<string, unknown>, base: Pick<Post, "kind" | "id" | "channelId" | "seq" | "rev">): Post {
  const metadata = fields(f["metadata"]);
  const post: Post = {
    ...base,
    authorId: first(f, "senderId", "authorId", "author_id"),
    authorName:
      first(f, "senderName", "author_display_name", "authorDisplayName") ||
      first(metadata, "user_display_name", "agentName", "authorDisplayName"),
    text: first(f, "text", "content"),
    at: instant(f, "createdAt", "created_at"),
  };
  const inReplyTo = first(f, "inReplyTo", "inReplyToRootMessageId", "in_reply_to_message_id");
  if (inReplyTo !== "") post.inReplyTo = inReplyTo;
  const clientId = first(f, "clientMessageId", "sourceId", "source_id");
  if (clientId !== "") post.clientId = clientId;
  if (f["edited"] === true || metadata["edited"] === true) post.edited = true;
  if (f["stopped"] === true || metadata["stopped"] === true) post.stopped = true;
  return post;
}

/** readEvents reads a list and leaves out what is no event. */
export function readEvents(value: unknown): LogEvent[] {
  return each(value, readEvent);
}

/** readPage reads a page of history. */
export function readPage(value: unknown): Page {
  const f = fields(value);
  const said = (name: string) => (typeof f[name] === "boolean" ? (f[name] as boolean) : undefined);
  return { events: readEvents(f["messages"]), hasOlder: said("hasOlder"), hasNewer: said("hasNewer") };
}

/** readDeletion reads messageDeleted; without numbers it still names the message. */
export function readDeletion(value: unknown): Tombstone | undefined {
  const event = readEvent({ ...fields(value), deleted: true });
  return event?.kind === "tombstone" ? event : undefined;
}

/** readClearing reads channelCleared; a server that does not number it clears everything. */
export function readClearing(value: unknown): Clearing | undefined {
  const f = fields(value);
  const upto = typeof f["upto"] === "number" ? f["upto"] : Number.POSITIVE_INFINITY;
  const event = readEvent({ ...f, cleared: true });
  return event?.kind === "clearing" ? { ...event, upto } : undefined;
}
