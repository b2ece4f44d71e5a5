// The wire: what the server sends and what this page asks of it. Everything that
// comes in is checked here, so that the rest of the page can trust its types.

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
  inReplyTo?: string;
  /** The id its sender gave it; only the sender hears it. */
  clientId?: string;
}

/** What is left of a deleted message. */
export interface Tombstone {
  kind: "tombstone";
  id: string;
  channelId: string;
  seq: number;
  rev: number;
}

/** One entry of a channel's log. */
export type LogEvent = Post | Tombstone;

export interface Agent {
  id: string;
  name: string;
  bio: string;
  active: boolean;
}

export type ChannelType = "GROUP" | "DM";

export interface Channel {
  id: string;
  serverId: string;
  name: string;
  type: ChannelType;
  metadata: Record<string, unknown>;
  /** Who takes part, as far as the server says so. */
  participants: string[];
}

/** The answer to a join: what was missed, and where live events go on. */
export interface Joined {
  events: LogEvent[];
  head: number;
  truncated: boolean;
}

export interface Typing {
  channelId: string;
  senderId: string;
  senderName: string;
  isTyping: boolean;
}

/** The end of the wait for answers to a message. */
export interface Completion {
  channelId: string;
  messageId?: string;
  agentId?: string;
}

type Fields = Record<string, unknown>;

/** fields reads any value as an object, an empty one if it is none. */
export function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** text reads a string, "" if it is none. */
export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** list reads an array, an empty one if it is none. */
export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function count(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

function first(f: Fields, ...names: string[]): string {
  for (const name of names) {
    const found = text(f[name]);
    if (found !== "") return found;
  }
  return "";
}

function instant(f: Fields): number {
  for (const name of ["createdAt", "created_at"]) {
    const value = f[name];
    if (typeof value === "number" && Number.isFinite(value)) return value;
    if (typeof value === "string" && !Number.isNaN(Date.parse(value))) return Date.parse(value);
  }
  return 0;
}

/**
 * readEvent reads an entry in any of the forms in which the server tells it (live,
 * catch-up, history row, answer to a send). It returns undefined for anything else.
 */
export function readEvent(value: unknown): LogEvent | undefined {
  const f = fields(value);
  const id = first(f, "id", "messageId");
  const channelId = first(f, "channelId", "channel_id", "roomId");
  if (id === "" || channelId === "") return undefined;
  const seq = count(f["seq"]);
  const rev = count(f["rev"]) || seq;
  if (f["deleted"] === true) return { kind: "tombstone", id, channelId, seq, rev };
  const metadata = fields(f["metadata"]);
  const post: Post = {
    kind: "post",
    id,
    channelId,
    authorId: first(f, "senderId", "authorId", "author_id"),
    authorName:
      first(f, "senderName", "author_display_name", "authorDisplayName") ||
      first(metadata, "user_display_name", "agentName", "authorDisplayName"),
    text: first(f, "text", "content"),
    at: instant(f),
    seq,
    rev,
  };
  const inReplyTo = first(f, "inReplyTo", "inReplyToRootMessageId", "in_reply_to_message_id");
  if (inReplyTo !== "") post.inReplyTo = inReplyTo;
  const clientId = first(f, "clientMessageId", "sourceId", "source_id");
  if (clientId !== "") post.clientId = clientId;
  return post;
}

/** readEvents reads a list and leaves out what is no event. */
export function readEvents(value: unknown): LogEvent[] {
  return list(value).flatMap((item) => readEvent(item) ?? []);
}

/** readDeletion reads messageDeleted; without numbers it still names the message. */
export function readDeletion(value: unknown): Tombstone | undefined {
  const event = readEvent({ ...fields(value), deleted: true });
  return event?.kind === "tombstone" ? event : undefined;
}

export function readAgent(value: unknown): Agent | undefined {
  const f = fields(value);
  const id = text(f["id"]);
  if (id === "") return undefined;
  return { id, name: first(f, "name", "characterName") || "Agent", bio: text(f["bio"]), active: f["status"] === "active" };
}

/** readChannel reads a channel's row; other types than DM are treated as groups. */
export function readChannel(value: unknown): Channel | undefined {
  const f = fields(value);
  const id = text(f["id"]);
  if (id === "") return undefined;
  const metadata = fields(f["metadata"]);
  const named = list(f["participants"]).length > 0 ? f["participants"] : metadata["participantCentralUserIds"];
  return {
    id,
    serverId: first(f, "messageServerId", "serverId"),
    name: text(f["name"]),
    type: f["type"] === "DM" ? "DM" : "GROUP",
    metadata,
    participants: list(named).map(text).filter(Boolean),
  };
}

export function readJoined(value: unknown): Joined {
  const f = fields(value);
  return { events: readEvents(f["messages"]), head: count(f["head"]), truncated: f["truncated"] === true };
}

export function readTyping(value: unknown): Typing | undefined {
  const f = fields(value);
  const channelId = first(f, "channelId", "roomId");
  const senderId = text(f["senderId"]);
  if (channelId === "" || senderId === "") return undefined;
  return { channelId, senderId, senderName: text(f["senderName"]), isTyping: f["isTyping"] === true };
}

export function readCompletion(value: unknown): Completion | undefined {
  const f = fields(value);
  const channelId = first(f, "channelId", "roomId");
  if (channelId === "") return undefined;
  const completion: Completion = { channelId };
  if (text(f["messageId"]) !== "") completion.messageId = text(f["messageId"]);
  if (text(f["agentId"]) !== "") completion.agentId = text(f["agentId"]);
  return completion;
}

/** readComplaint reads messageError; what is about one send is told by its answer as well. */
export function readComplaint(value: unknown): string | undefined {
  const f = fields(value);
  return text(f["clientMessageId"]) === "" && text(f["error"]) !== "" ? text(f["error"]) : undefined;
}
