import type { Channel } from "../net/directory";
import type { LogEvent, Post } from "../net/events";
import { reason, type OutgoingMessage, type Server } from "../net/server";
import { attempt } from "./abilities";
import { Drafts } from "./drafts";
import { newId } from "./identity";
import { defaultServer, type Ability, type Quoted, type State } from "./model";
import { Outbox, type OutboxItem } from "./outbox";
import { agentsIn, channelOf, logOf, peerId, shownLog } from "./select";
import { Shelf } from "./shelf";
import type { Store } from "./store";

/** How often somebody who goes on typing says so again. */
const typingEvery = 3_000;

/** How much of a message is quoted. */
const quoteLength = 200;

/** What a Messenger needs from the page. */
export interface MessengerOptions {
  store: Store<State>;
  server: Server;
  /** Whether a channel's room was entered on this connection. */
  isIn(channelId: string): boolean;
  /** A message of ours is put on its way. */
  sending(channelId: string): void;
  /** A message of ours was stored. */
  stored(channelId: string, event: LogEvent): void;
  /** An answer to a message of ours is to be expected. */
  asked(channelId: string, messageId: string, text: string): void;
  complain(message: string): void;
}

/** Messenger is what the user writes: drafts, messages on their way, replies and edits. */
export class Messenger {
  readonly outbox: Outbox;
  private readonly drafts: Drafts;
  private readonly shelf: Shelf;
  /** The text of the edit that is open: its field may go out of view and come back. */
  private unsaved: { id: string; text: string } | undefined;
  private readonly typedAt = new Map<string, number>();

  constructor(private readonly options: MessengerOptions) {
    const { store } = options;
    const me = store.get().me.id;
    this.drafts = new Drafts(me);
    this.shelf = new Shelf(me);
    this.outbox = new Outbox(
      {
        send: (item) => this.deliver(item),
        ready: (channelId) => options.isIn(channelId) && this.state.me.name !== "",
        wait: (ms) => new Promise((done) => setTimeout(done, ms)),
        changed: (outbox) => {
          store.set({ outbox });
          this.shelf.save(outbox);
        },
      },
      this.shelf.load(),
    );
    store.set({ outbox: this.outbox.list() });
  }

  private get state(): State {
    return this.options.store.get();
  }

  /** follow takes note of what other tabs have sent. It returns the function that ends this. */
  follow(): () => void {
    return this.shelf.onSettled((clientId) => this.outbox.settle(clientId));
  }

  /** send puts a message of ours on its way; it is shown at once. */
  send(channelId: string, text: string): void {
    this.typing(channelId, false);
    const item = { clientId: newId(), channelId, text, at: Date.now() };
    const quoted = this.state.replying[channelId];
    this.unreply(channelId);
    this.options.sending(channelId);
    this.outbox.add(quoted === undefined ? item : { ...item, inReplyTo: quoted.id });
  }

  /** askAgain sends the words of a message that was not answered once more. */
  askAgain(messageId: string): void {
    const { current, outcomes } = this.state;
    if (current === undefined) return;
    const post = logOf(this.state, current).entries.get(messageId);
    if (post?.kind !== "post") return;
    const { [messageId]: _, ...rest } = outcomes;
    this.options.store.set({ outcomes: rest });
    this.send(current, post.text);
  }

  /** retry sends a refused message again. */
  retry(clientId: string): void {
    this.outbox.retry(clientId);
  }

  /** discard gives a message up that was not sent. */
  discard(clientId: string): void {
    this.outbox.settle(clientId);
  }

  /** settleOwn removes those from the outbox that are stored. */
  settleOwn(events: readonly LogEvent[]): void {
    for (const event of events) {
      if (event.kind === "post" && event.clientId !== undefined && event.authorId === this.state.me.id) {
        this.outbox.settle(event.clientId);
      }
    }
  }

  /**
   * rescue takes what was written for a channel that is gone out of the outbox, and
   * returns it with the draft. It stays as the draft: another tab finds it there, which
   * may hear only later that the channel is gone.
   */
  rescue(channelId: string): string {
    const draft = this.draft(channelId);
    const unsent = this.outbox.list().flatMap((item) => (item.channelId === channelId ? [item.text] : []));
    const all = [...unsent.filter((text) => !draft.includes(text)), draft].filter((text) => text.trim() !== "").join("\n\n");
    this.drafts.set(channelId, all);
    this.drafts.save();
    this.outbox.dropChannel(channelId);
    return all;
  }

  /** forget drops what was written for a channel that its writer has deleted. */
  forget(channelId: string): void {
    this.drafts.set(channelId, "");
    this.outbox.dropChannel(channelId);
  }

  // Drafts and typing.

  /** draft is what stands in the composer of a channel. */
  draft(channelId: string): string {
    return this.drafts.get(channelId);
  }

  /** drafted keeps what stands in the composer and tells the others that somebody types. */
  drafted(channelId: string, text: string): void {
    this.drafts.set(channelId, text);
    this.typing(channelId, text.trim() !== "");
  }

  /** save keeps the drafts for good before the page goes away. */
  save(): void {
    this.drafts.save();
  }

  private typing(channelId: string, isTyping: boolean): void {
    const last = this.typedAt.get(channelId);
    if (isTyping ? last !== undefined && Date.now() - last < typingEvery : last === undefined) return;
    if (isTyping) this.typedAt.set(channelId, Date.now());
    else this.typedAt.delete(channelId);
    const { me } = this.state;
    if (this.options.isIn(channelId)) this.options.server.typing({ channelId, senderId: me.id, senderName: me.name, isTyping });
  }

  // Replies, edits, deletions.

  /** reply makes the next message an answer to this one. */
  reply(channelId: string, { id, authorName, text }: Quoted): void {
    const quoted = { id, authorName, text: text.slice(0, quoteLength) };
    this.options.store.set({ replying: { ...this.state.replying, [channelId]: quoted }, editing: undefined });
  }

  /** unreply makes the next message stand for itself again. */
  unreply(channelId: string): void {
    const { [channelId]: quoted, ...replying } = this.state.replying;
    if (quoted !== undefined) this.options.store.set({ replying });
  }

  /** edit opens a message for editing, or none. */
  edit(messageId: string | undefined): void {
    this.unsaved = undefined;
    this.options.store.set({ editing: messageId });
  }

  /** keepEdit remembers what stands in the field in which a message is edited. */
  keepEdit(id: string, text: string): void {
    this.unsaved = { id, text };
  }

  /** unsavedEdit is what stood there last, undefined if nothing was changed. */
  unsavedEdit(id: string): string | undefined {
    return this.unsaved?.id === id ? this.unsaved.text : undefined;
  }

  /** editLast opens the last message of ours for editing. It returns whether there is one. */
  editLast(channelId: string): boolean {
    const { posts } = shownLog(this.state, channelId);
    const own = posts.findLast((post) => post.authorId === this.state.me.id);
    if (own !== undefined) this.edit(own.id);
    return own !== undefined;
  }

  /** saveEdit stores a message's new text. It returns why that failed, "" if it did not. */
  async saveEdit({ channelId, id }: Pick<Post, "channelId" | "id">, text: string): Promise<string> {
    const failed = await this.attempt("edit", async () => {
      const event = await this.options.server.edit(channelId, id, text);
      if (event !== undefined) this.options.stored(channelId, event);
    });
    if (failed === "" && this.state.editing === id) this.edit(undefined);
    return failed;
  }

  /** remove deletes a message. It returns why that failed, "" if it did not. */
  remove({ channelId, id }: Pick<Post, "channelId" | "id">): Promise<string> {
    return this.attempt("remove", () => this.options.server.remove(channelId, id));
  }

  /** clear deletes all messages of a channel. It returns why that failed, "" if it did not. */
  clear(channelId: string): Promise<string> {
    return this.attempt("clear", () => this.options.server.clear(channelId));
  }

  /** stop ends the answers that are being written in a channel. */
  async stop(channelId: string): Promise<void> {
    const failed = await this.attempt("stop", () => this.options.server.stop(channelId));
    if (failed !== "") this.options.complain(`The answer could not be stopped: ${failed}`);
  }

  private async attempt(ability: Ability, run: () => Promise<void>): Promise<string> {
    try {
      await attempt(this.options.store, ability, run);
      return "";
    } catch (err) {
      return reason(err);
    }
  }

  // On the way to the server.

  /** deliver sends one message of the outbox. */
  private async deliver(item: OutboxItem): Promise<void> {
    const channel = channelOf(this.state, item.channelId);
    const stored = await this.options.server.send(this.outgoing(item, channel));
    if (stored === undefined) return;
    const direct = channel !== undefined && peerId(channel, this.state.me.id) !== undefined;
    if (direct && agentsIn(this.state, channel).length > 0) this.options.asked(item.channelId, stored.id, item.text);
    this.options.stored(item.channelId, stored.kind === "post" ? { ...stored, clientId: item.clientId } : stored);
  }

  private outgoing(item: OutboxItem, channel: Channel | undefined): OutgoingMessage {
    const { me } = this.state;
    const peer = channel && peerId(channel, me.id);
    const direct = channel?.type === "DM";
    return {
      channelId: item.channelId,
      serverId: channel?.serverId || defaultServer,
      senderId: me.id,
      senderName: me.name,
      message: item.text,
      messageId: item.clientId,
      source: direct ? "client_chat" : "client_group_chat",
      metadata: {
        channelType: direct ? "DM" : "GROUP",
        ...(direct ? { isDm: true } : {}),
        ...(peer === undefined ? {} : { targetUserId: peer }),
      },
      ...(item.inReplyTo === undefined ? {} : { inReplyTo: item.inReplyTo }),
    };
  }
}
