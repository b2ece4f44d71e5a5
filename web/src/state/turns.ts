import type { LogEvent } from "../net/events";
import type { Chunk, Completion, OpenStream, StreamFailure, Typing } from "../net/signals";
import { Awaited } from "./awaited";
import type { State } from "./model";
import { outcomeOf, withOutcome, withoutOutcome } from "./outcomes";
import { agentOf, logOf } from "./select";
import type { Store } from "./store";
import { Streams } from "./streams";
import { Typists } from "./typists";

/** Turns knows what the others are doing: who types, who answers, and how waits end. */
export class Turns {
  private readonly typists: Typists;
  private readonly awaited: Awaited;
  private readonly streams: Streams;

  constructor(private readonly store: Store<State>) {
    this.typists = new Typists((typists) => store.set({ typists }));
    this.awaited = new Awaited((awaited) => store.set({ awaited }));
    this.streams = new Streams((streams) => store.set({ streams }));
  }

  private get state(): State {
    return this.store.get();
  }

  /** asked waits for an answer to a message of ours. */
  asked(channelId: string, messageId: string): void {
    this.awaited.begin(channelId, messageId);
  }

  /** typing notes that somebody types or has stopped. */
  typing(event: Typing): void {
    if (event.senderId === this.state.me.id) return;
    this.typists.heard(event, agentOf(this.state, event.senderId) !== undefined);
  }

  /** chunk takes a piece of an answer; joined says whether the channel's join was answered. */
  chunk(event: Chunk, joined: boolean): void {
    if (!this.ended(event.channelId, event.messageId)) this.streams.heard(event, joined);
  }

  /** entered takes the answers that are being written in a channel. */
  entered(channelId: string, streams: readonly OpenStream[]): void {
    this.streams.replace(channelId, streams, (id) => this.ended(channelId, id));
  }

  private ended(channelId: string, messageId: string): boolean {
    return logOf(this.state, channelId).entries.has(messageId);
  }

  /** took draws the conclusions from messages: they end what led to them. */
  took(channelId: string, events: readonly LogEvent[]): void {
    for (const event of events) {
      this.streams.end(channelId, (stream) => stream.messageId === event.id);
      if (event.kind !== "post") continue;
      this.typists.stopped(channelId, event.authorId);
      if (event.inReplyTo === undefined || agentOf(this.state, event.authorId) === undefined) continue;
      this.awaited.end(channelId, event.inReplyTo);
      this.store.set({ outcomes: withoutOutcome(this.state.outcomes, event.inReplyTo) });
    }
  }

  /** failed ends an answer that comes to nothing. */
  failed(event: StreamFailure): void {
    this.streams.end(event.channelId, (stream) => stream.messageId === event.messageId);
    this.tell(event, event.inReplyTo);
  }

  /** completed ends the wait for answers to a message. */
  completed(event: Completion): void {
    const { channelId, messageId, agentId } = event;
    this.awaited.end(channelId, messageId);
    if (agentId !== undefined) this.typists.stopped(channelId, agentId);
    if (messageId === undefined) return;
    this.streams.end(channelId, (s) => s.inReplyTo === messageId && (agentId === undefined || s.agentId === agentId));
    this.tell(event, messageId);
  }

  private tell(event: Completion | StreamFailure, messageId: string): void {
    const outcome = outcomeOf(event, agentOf(this.state, event.agentId)?.name ?? "");
    if (outcome === undefined || messageId === "" || this.isAnswered(event.channelId, messageId)) return;
    this.store.set({ outcomes: withOutcome(this.state.outcomes, messageId, outcome) });
  }

  /** isAnswered says that an agent's answer to a message is there, if only a part of one. */
  private isAnswered(channelId: string, messageId: string): boolean {
    const { posts } = logOf(this.state, channelId);
    return posts.slice(-50).some((post) => post.inReplyTo === messageId && agentOf(this.state, post.authorId) !== undefined);
  }

  /** dropped forgets what goes on in a channel that is gone. */
  dropped(channelId: string): void {
    this.streams.end(channelId, () => true);
    this.awaited.end(channelId, undefined);
    for (const { id } of this.state.typists[channelId] ?? []) this.typists.stopped(channelId, id);
  }

  /** disconnected forgets what would only be heard to end over the connection. */
  disconnected(): void {
    this.typists.clear();
    this.streams.interrupted();
  }
}
