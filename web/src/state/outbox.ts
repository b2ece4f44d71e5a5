import type { Post } from "../net/events";
import { CallError } from "../net/server";

/** A message that the server has not acknowledged yet. */
export interface OutboxItem {
  /** Its id for ever: sending it again under the same id stores it once. */
  readonly clientId: string;
  readonly channelId: string;
  readonly text: string;
  /** When it was typed, in milliseconds. */
  readonly at: number;
  readonly state: "waiting" | "sending" | "failed";
  /** How often it was sent without an answer or with one that allows a retry. */
  readonly attempts: number;
  /** Why it failed, in words for the user. */
  readonly error?: string;
  /** A stored message that is probably this one; it is shown instead until that is certain. */
  readonly likelyId?: string;
  /** The message that it answers. */
  readonly inReplyTo?: string;
}

/** What an Outbox needs from the page. */
export interface OutboxOptions {
  /** Sends one message; resolves with the stored post, or rejects with a CallError. */
  send(item: OutboxItem): Promise<void>;
  /** Whether sending makes sense now: connected, and the channel joined. */
  ready(channelId: string): boolean;
  /** Called with the new list after every change. */
  changed(items: readonly OutboxItem[]): void;
  /** Waits before a retry; tests make it short. */
  wait(ms: number): Promise<void>;
}

/** Answers after which the same message may succeed later. */
const retryable = new Set(["LOST", "RATE_LIMITED", "DB_ERROR", "TIMEOUT"]);

/** How often a message is sent before the user is asked. */
export const maxAttempts = 4;

/**
 * Outbox sends each channel's messages one after the other, in the order in which
 * they were typed, and again under the same id when no answer came. A message that
 * is refused for good steps aside, so that the next ones go on.
 */
export class Outbox {
  private items: readonly OutboxItem[];
  private readonly busy = new Set<string>();

  /** items are those left over from before a reload. */
  constructor(
    private readonly options: OutboxOptions,
    items: readonly OutboxItem[] = [],
  ) {
    this.items = items.map((item) => (item.state === "sending" ? { ...item, state: "waiting" } : item));
  }

  /** list returns what is not acknowledged, oldest first. */
  list(): readonly OutboxItem[] {
    return this.items;
  }

  /** add puts a message in and sends it as soon as possible. */
  add(item: Pick<OutboxItem, "clientId" | "channelId" | "text" | "at" | "inReplyTo">): void {
    this.set([...this.items, { ...item, state: "waiting", attempts: 0 }]);
    this.flush(item.channelId);
  }

  /** flush sends a channel's waiting messages; a flush under way goes on. */
  flush(channelId: string): void {
    if (this.busy.has(channelId)) return;
    this.busy.add(channelId);
    void this.run(channelId);
  }

  /** retry sends a failed message again, under its old id. */
  retry(clientId: string): void {
    const item = this.find(clientId);
    if (item?.state !== "failed") return;
    const { error: _, ...rest } = item;
    this.set(this.items.map((i) => (i === item ? { ...rest, state: "waiting", attempts: 0 } : i)));
    this.flush(item.channelId);
  }

  /** settle removes a message: it is stored, or its user does not want it any more. */
  settle(clientId: string): void {
    if (this.find(clientId) !== undefined) this.set(this.items.filter((item) => item.clientId !== clientId));
  }

  /** dropChannel forgets the messages of a channel that is gone. */
  dropChannel(channelId: string): void {
    if (this.items.some((item) => item.channelId === channelId)) {
      this.set(this.items.filter((item) => item.channelId !== channelId));
    }
  }

  /** fail marks a message as refused. */
  fail(clientId: string, error: string): void {
    this.update(clientId, { state: "failed", error });
  }

  /**
   * recognise looks for messages of ours in a catch-up, which does not tell their
   * client ids: a text that was sent without an answer is probably the one stored.
   * Only what is shown depends on it; the answer to the retry is what counts.
   */
  recognise(posts: readonly Post[]): void {
    const taken = new Set(this.items.map((item) => item.likelyId));
    for (const post of posts) {
      if (taken.has(post.id)) continue;
      const item = this.items.find(
        (i) => i.channelId === post.channelId && i.attempts > 0 && i.likelyId === undefined && i.text === post.text,
      );
      if (item !== undefined) this.update(item.clientId, { likelyId: post.id });
    }
  }

  private async run(channelId: string): Promise<void> {
    for (;;) {
      const item = this.items.find((i) => i.channelId === channelId && i.state === "waiting");
      if (item === undefined || !this.options.ready(channelId)) {
        this.busy.delete(channelId);
        return;
      }
      this.update(item.clientId, { state: "sending", attempts: item.attempts + 1 });
      try {
        await this.options.send(item);
        this.settle(item.clientId);
      } catch (err) {
        await this.failed(item.clientId, err);
      }
    }
  }

  /** failed decides between a retry, now or after the reconnect, and giving up. */
  private async failed(clientId: string, err: unknown): Promise<void> {
    const item = this.find(clientId);
    if (item?.state !== "sending") return;
    const { code, message } = err instanceof CallError ? err : new CallError("UNKNOWN", "This could not be sent.");
    if (code === "OFFLINE" || !this.options.ready(item.channelId)) {
      // Time without a connection is no attempt: what is typed offline never gives up.
      this.update(clientId, { state: "waiting", attempts: code === "OFFLINE" ? item.attempts - 1 : 1 });
    } else if (!retryable.has(code) || item.attempts >= maxAttempts) {
      this.fail(clientId, message);
    } else {
      this.update(clientId, { state: "waiting" });
      await this.options.wait(2 ** item.attempts * 250);
    }
  }

  private find(clientId: string): OutboxItem | undefined {
    return this.items.find((item) => item.clientId === clientId);
  }

  private update(clientId: string, change: Partial<OutboxItem>): void {
    if (this.find(clientId) === undefined) return;
    this.set(this.items.map((item) => (item.clientId === clientId ? { ...item, ...change } : item)));
  }

  private set(items: readonly OutboxItem[]): void {
    this.items = items;
    this.options.changed(items);
  }
}
