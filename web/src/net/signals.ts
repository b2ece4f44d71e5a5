import { readEvents, type LogEvent } from "./events";
import { channelIn, count, each, fields, first, text, type Fields } from "./read";

// What the server tells beside messages: it is true now, and is not stored.

/** The answer to a join: what was missed, and where live events go on. */
export interface Joined {
  events: LogEvent[];
  head: number;
  truncated: boolean;
  /** The answers that are being written there. */
  streams: OpenStream[];
}

/** Somebody types, or an agent works. */
export interface Typing {
  channelId: string;
  senderId: string;
  senderName: string;
  isTyping: boolean;
}

/** How the wait for answers to a message ended. */
export interface Completion {
  channelId: string;
  messageId?: string;
  agentId?: string;
  outcome: string;
  error: string;
}

/** An answer that is being written: its text so far. */
export interface OpenStream {
  messageId: string;
  agentId: string;
  agentName: string;
  inReplyTo: string;
  /** Counts the beginnings: a higher one starts the text anew. */
  attempt: number;
  /** The number of the next piece. */
  index: number;
  text: string;
}

/** One piece of an answer that is being written. */
export interface Chunk {
  channelId: string;
  messageId: string;
  agentId: string;
  agentName: string;
  inReplyTo: string;
  attempt: number;
  index: number;
  chunk: string;
}

/** An answer ended without a message. */
export interface StreamFailure {
  channelId: string;
  messageId: string;
  agentId: string;
  inReplyTo: string;
  error: string;
}

/** Somebody has the channel open, or has it no more. */
export interface Presence {
  channelId: string;
  entityId: string;
  name: string;
  present: boolean;
}

/** Up to where somebody has read. */
export interface ReadMark {
  channelId: string;
  entityId: string;
  seq: number;
}

/** How much of a channel is not read. */
export interface Unread {
  channelId: string;
  /** Up to where it is read. */
  seq: number;
  unread: number;
  head: number;
}

/** readJoined reads the answer to a join. */
export function readJoined(value: unknown): Joined {
  const f = fields(value);
  return {
    events: readEvents(f["messages"]),
    head: count(f["head"]),
    truncated: f["truncated"] === true,
    streams: each(f["streams"], readStream),
  };
}

function readStream(value: unknown): OpenStream | undefined {
  const f = fields(value);
  const messageId = text(f["messageId"]);
  return messageId === "" ? undefined : { messageId, ...answering(f), index: count(f["index"]), text: text(f["text"]) };
}

/** answering is what pieces and open streams have in common. */
function answering(f: Fields) {
  return {
    agentId: first(f, "agentId", "senderId"),
    agentName: text(f["agentName"]),
    inReplyTo: text(f["inReplyTo"]),
    attempt: count(f["attempt"]),
  };
}

/** readTyping reads typing. */
export function readTyping(value: unknown): Typing | undefined {
  const f = fields(value);
  const channelId = channelIn(f);
  const senderId = text(f["senderId"]);
  if (channelId === "" || senderId === "") return undefined;
  return { channelId, senderId, senderName: text(f["senderName"]), isTyping: f["isTyping"] === true };
}

/** readCompletion reads messageComplete, and whatever else is about one channel. */
export function readCompletion(value: unknown): Completion | undefined {
  const f = fields(value);
  const channelId = channelIn(f);
  if (channelId === "") return undefined;
  const completion: Completion = { channelId, outcome: text(f["outcome"]), error: text(f["error"]) };
  if (text(f["messageId"]) !== "") completion.messageId = text(f["messageId"]);
  if (text(f["agentId"]) !== "") completion.agentId = text(f["agentId"]);
  return completion;
}

/** readChunk reads messageStreamChunk. */
export function readChunk(value: unknown): Chunk | undefined {
  const f = fields(value);
  const channelId = channelIn(f);
  const messageId = text(f["messageId"]);
  if (channelId === "" || messageId === "") return undefined;
  return { channelId, messageId, ...answering(f), index: count(f["index"]), chunk: text(f["chunk"]) };
}

/** readStreamFailure reads messageStreamError. */
export function readStreamFailure(value: unknown): StreamFailure | undefined {
  const f = fields(value);
  const channelId = channelIn(f);
  const messageId = text(f["messageId"]);
  if (channelId === "" || messageId === "") return undefined;
  return { channelId, messageId, agentId: text(f["agentId"]), inReplyTo: text(f["inReplyTo"]), error: text(f["error"]) };
}

/** readPresence reads presence. */
export function readPresence(value: unknown): Presence | undefined {
  const f = fields(value);
  const channelId = channelIn(f);
  const entityId = text(f["entityId"]);
  if (channelId === "" || entityId === "") return undefined;
  return { channelId, entityId, name: text(f["name"]), present: f["state"] !== "left" };
}

/** readPresent reads the answer of presence:list: who is there. */
export function readPresent(value: unknown): { entityId: string; name: string }[] {
  return each(fields(value)["entities"], (item) => {
    const f = fields(item);
    return text(f["entityId"]) === "" ? undefined : { entityId: text(f["entityId"]), name: text(f["name"]) };
  });
}

/** readMark reads readUpdated and the answer of reads:set. */
export function readMark(value: unknown): ReadMark | undefined {
  const f = fields(value);
  const channelId = channelIn(f);
  const entityId = text(f["entityId"]);
  if (channelId === "" || entityId === "") return undefined;
  return { channelId, entityId, seq: count(f["seq"]) };
}

/** readMarks reads the answer of reads:list. */
export function readMarks(value: unknown): ReadMark[] {
  const f = fields(value);
  return each(f["reads"], (item) => readMark({ channelId: channelIn(f), ...fields(item) }));
}

/** readUnreads reads the answer of reads:unread. */
export function readUnreads(value: unknown): Unread[] {
  return each(fields(value)["channels"], (item) => {
    const f = fields(item);
    const channelId = channelIn(f);
    return channelId === "" ? undefined : { channelId, seq: count(f["seq"]), unread: count(f["unread"]), head: count(f["head"]) };
  });
}

/** readComplaint reads messageError; what is about one send is told by its answer as well. */
export function readComplaint(value: unknown): string | undefined {
  const f = fields(value);
  return text(f["clientMessageId"]) === "" && text(f["error"]) !== "" ? text(f["error"]) : undefined;
}
