import type { Agent, Channel, ChannelType } from "./directory";
import type { Clearing, LogEvent, Page, Tombstone } from "./events";
import type { Chunk, Completion, Joined, Presence, ReadMark, StreamFailure, Typing, Unread } from "./signals";

/**
 * A failed call. The codes LOST and OFFLINE are ours: no answer came, so the call may
 * or may not have had its effect. So is ABSENT: the server does not know the operation.
 */
export class CallError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = "CallError";
  }
}

/** isLost says that no answer came, so that trying again makes sense. */
export function isLost(err: unknown): boolean {
  return err instanceof CallError && (err.code === "LOST" || err.code === "OFFLINE");
}

/** isPassing says that the same may succeed a little later. */
export function isPassing(err: unknown): boolean {
  return isLost(err) || (err instanceof CallError && (err.code === "RATE_LIMITED" || err.code === "DB_ERROR"));
}

/** reason is an error in words for the user. */
export function reason(err: unknown): string {
  return err instanceof CallError ? err.message : "Something went wrong.";
}

/** What the page is told, apart from answers to its own calls. */
export interface Listener {
  connected(): void;
  /** The connection is gone; the client tries again by itself. */
  disconnected(): void;
  /** The server wants a key, or another one. It is not tried again by itself. */
  keyRefused(): void;
  post(event: LogEvent): void;
  deleted(event: Tombstone): void;
  cleared(event: Clearing): void;
  channelGone(channelId: string): void;
  directoryChanged(): void;
  typingHeard(event: Typing): void;
  chunkHeard(event: Chunk): void;
  streamFailed(event: StreamFailure): void;
  completed(event: Completion): void;
  presenceHeard(event: Presence): void;
  readHeard(event: ReadMark): void;
  /** The server complains about something that no call is waiting for. */
  complaint(message: string): void;
}

/** Who connects; asked anew at every attempt. */
export interface Credentials {
  entityId: string;
  apiKey: string;
}

/** A channel to be made. */
export interface NewChannel {
  name: string;
  serverId: string;
  type: ChannelType;
  participantCentralUserIds: string[];
  metadata: Record<string, unknown>;
}

/** What a channel is changed to; what is left out stays. */
export interface ChannelChange {
  name?: string;
  participantCentralUserIds?: string[];
}

/** A message to be sent. */
export interface OutgoingMessage {
  channelId: string;
  serverId: string;
  senderId: string;
  senderName: string;
  message: string;
  messageId: string;
  source: string;
  metadata: Record<string, unknown>;
  inReplyTo?: string;
}

/** Which part of a channel's history is asked for; the newest one if no place is named. */
export interface Span {
  channelId: string;
  limit: number;
  beforeSeq?: number;
  afterSeq?: number;
  aroundSeq?: number;
}

/** What a search found, the newest first. */
export interface Found {
  events: LogEvent[];
  total: number;
}

/** The server, as far as the state of the page needs it. Tests hand in another one. */
export interface Server {
  agents(): Promise<Agent[]>;
  channels(query: { serverId: string; type?: ChannelType; participantId?: string }): Promise<Channel[]>;
  channel(channelId: string): Promise<Channel | undefined>;
  createChannel(channel: NewChannel): Promise<Channel | undefined>;
  updateChannel(channelId: string, change: ChannelChange): Promise<Channel | undefined>;
  deleteChannel(channelId: string): Promise<void>;
  join(channelId: string, me: { id: string; name: string }, after: number | undefined): Promise<Joined>;
  page(span: Span): Promise<Page>;
  message(messageId: string): Promise<LogEvent | undefined>;
  search(channelId: string, query: string, limit: number, offset: number): Promise<Found>;
  send(message: OutgoingMessage): Promise<LogEvent | undefined>;
  edit(channelId: string, messageId: string, content: string): Promise<LogEvent | undefined>;
  remove(channelId: string, messageId: string): Promise<void>;
  clear(channelId: string): Promise<void>;
  /** Stops the answers to one message, or all of the channel. */
  stop(channelId: string, messageId?: string): Promise<void>;
  startAgent(agentId: string): Promise<void>;
  present(channelId: string): Promise<{ entityId: string; name: string }[]>;
  setRead(mark: ReadMark): Promise<void>;
  reads(channelId: string): Promise<ReadMark[]>;
  unread(entityId: string, channelIds: readonly string[]): Promise<Unread[]>;
  typing(event: Typing): void;
}
