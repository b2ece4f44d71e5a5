import type { LogEvent } from "../net/events";
import { isPassing, type Server } from "../net/server";
import type { ReadMark } from "../net/signals";
import { attempt, can } from "./abilities";
import type { State } from "./model";
import { logOf } from "./select";
import type { Store } from "./store";

/** How long what is looked at may change before the server is told. */
const settledAfter = 500;

/** How many channels one question may name. */
const atOnce = 200;

/** Of how many channels is told at once. */
const toldAtOnce = 50;

/** What was not read when the server was last asked, and up to where that counts. */
interface Base {
  readonly seq: number;
  readonly unread: number;
  readonly head: number;
}

/**
 * Reads knows up to where everybody has read, counts what is new for us, and tells the
 * server what we have looked at. A server that keeps no read positions is done without:
 * then what came before the page was opened counts as read.
 */
export class Reads {
  private readonly bases = new Map<string, Base>();
  /** What was looked at before it was known what is new, by channel. */
  private readonly early = new Map<string, number>();
  /** What the server is still to be told, by channel. */
  private readonly untold = new Map<string, number>();
  /** Channels of which the server has told what is new. */
  private readonly told = new Set<string>();
  /** Channels opened before it was known what is new in them. */
  private readonly unmarked = new Set<string>();
  /** Channels in which we take part, once they are known. */
  private own: ReadonlySet<string> | undefined;
  /** Up to where nothing is new to us in channels of others that we have never opened. */
  private readonly skipped = new Map<string, number>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly store: Store<State>,
    private readonly server: Server,
  ) {}

  private get state(): State {
    return this.store.get();
  }

  /** entered notes the head of a channel when it was joined first. */
  entered(channelId: string, head: number): void {
    if (!this.bases.has(channelId)) this.bases.set(channelId, { seq: head, unread: 0, head });
    if (head > 0) return;
    // Nothing was written there yet, so nothing was new when it was opened.
    this.told.add(channelId);
    this.unmarked.delete(channelId);
  }

  /** takesPart says in which channels we take part: all that is written there is new to us. */
  takesPart(own: ReadonlySet<string>): void {
    this.own = own;
  }

  /** refresh asks how much is new in these channels, and tells what was looked at meanwhile. */
  async refresh(channelIds: readonly string[]): Promise<void> {
    if (this.untold.size > 0) this.schedule();
    for (let i = 0; i < channelIds.length && can(this.state, "reads"); i += atOnce) {
      const part = channelIds.slice(i, i + atOnce);
      try {
        const answer = await attempt(this.store, "reads", () => this.server.unread(this.state.me.id, part));
        for (const { channelId, ...told } of answer) {
          const base = this.concerning(channelId, told);
          if (base === undefined) continue;
          this.bases.set(channelId, base);
          this.told.add(channelId);
          this.raise({ channelId, entityId: this.state.me.id, seq: told.seq });
          this.recount(channelId);
          this.known(channelId, base);
        }
      } catch {
        break; // The next refresh asks again.
      }
    }
    if (can(this.state, "reads")) return;
    for (const [channelId, seq] of this.early) this.viewed(channelId, seq);
    this.early.clear();
  }

  /**
   * concerning is what is new to us of what was told. What was written in a channel of
   * others before we came there is not; undefined as long as nobody knows whose it is.
   */
  private concerning(channelId: string, told: Base): Base | undefined {
    if (told.seq > 0 || told.head === 0) return told;
    if (this.own === undefined) return undefined;
    if (this.own.has(channelId)) return told;
    const seq = this.skipped.get(channelId) ?? told.head;
    this.skipped.set(channelId, seq);
    return { seq, unread: Math.min(told.unread, told.head - seq), head: told.head };
  }

  /** known makes up for what waited until it was known what is new in a channel. */
  private known(channelId: string, base: Base): void {
    const seq = this.early.get(channelId);
    this.early.delete(channelId);
    if (this.unmarked.delete(channelId) && base.unread > 0) this.mark(channelId, base.seq);
    // With something new the page goes there, and tells anew what is looked at.
    else if (seq !== undefined) this.viewed(channelId, seq);
  }

  /** readers asks up to where the others have read in a channel. */
  async readers(channelId: string): Promise<void> {
    if (!this.told.has(channelId)) await this.refresh([channelId]);
    if (!can(this.state, "reads")) return;
    try {
      for (const mark of await attempt(this.store, "reads", () => this.server.reads(channelId))) this.raise(mark);
    } catch {
      // Nobody is shown as having read then.
    }
  }

  /** opened puts the line of new messages where reading stopped, if anything is new. */
  opened(channelId: string): void {
    const { [channelId]: _, ...marks } = this.state.marks;
    this.store.set({ marks });
    if ((this.state.unread[channelId] ?? 0) > 0) this.mark(channelId, this.knownOf(channelId));
    else if (!this.told.has(channelId)) this.unmarked.add(channelId);
  }

  private mark(channelId: string, seq: number): void {
    this.store.set({ marks: { ...this.state.marks, [channelId]: seq } });
  }

  /** unmark takes the line of new messages away. */
  unmark(channelId: string): void {
    const { [channelId]: mark, ...marks } = this.state.marks;
    if (mark !== undefined) this.store.set({ marks });
  }

  /** heard notes how far somebody has read. */
  heard(mark: ReadMark): void {
    this.raise(mark);
    if (mark.entityId === this.state.me.id) this.recount(mark.channelId); // In another tab.
  }

  /** came counts events that were not known before; looking says whether the channel is open and seen. */
  came(channelId: string, events: readonly LogEvent[], looking: boolean): void {
    const first = events.find((event) => event.kind === "post" && event.authorId !== this.state.me.id);
    this.recount(channelId);
    if (looking || first === undefined || this.state.current !== channelId) return;
    if (this.state.marks[channelId] === undefined) this.mark(channelId, first.seq - 1);
  }

  /** viewed says that everything in a channel up to a message was looked at. */
  viewed(channelId: string, seq: number): void {
    if (document.visibilityState !== "visible" || seq <= this.readOf(channelId)) return;
    if (!this.told.has(channelId) && can(this.state, "reads")) return void this.early.set(channelId, seq);
    this.raise({ channelId, entityId: this.state.me.id, seq });
    this.recount(channelId);
    this.untold.set(channelId, seq);
    this.schedule();
  }

  /** dropped forgets a channel that is gone. */
  dropped(channelId: string): void {
    this.bases.delete(channelId);
    this.untold.delete(channelId);
    this.early.delete(channelId);
    this.told.delete(channelId);
    this.unmarked.delete(channelId);
    this.skipped.delete(channelId);
    const { [channelId]: _unread, ...unread } = this.state.unread;
    const { [channelId]: _mark, ...marks } = this.state.marks;
    const { [channelId]: _reads, ...reads } = this.state.reads;
    this.store.set({ unread, marks, reads });
  }

  private schedule(): void {
    this.timer ??= setTimeout(() => void this.tell(), settledAfter);
  }

  /** leaving tells at once what is still to be told: the page may not come back. */
  leaving(): void {
    clearTimeout(this.timer);
    void this.tell();
  }

  /** tell does not wait from one channel to the next: a page that is left has no time for that. */
  private async tell(): Promise<void> {
    this.timer = undefined;
    if (!can(this.state, "reads")) return this.untold.clear();
    const all = [...this.untold].slice(0, toldAtOnce);
    const told = await Promise.all(all.map(([channelId, seq]) => this.tellOne(channelId, seq)));
    // What could not be told is told with the next refresh.
    if (this.untold.size > 0 && told.every(Boolean)) this.schedule();
  }

  private async tellOne(channelId: string, seq: number): Promise<boolean> {
    try {
      await attempt(this.store, "reads", () => this.server.setRead({ channelId, entityId: this.state.me.id, seq }));
    } catch (err) {
      if (isPassing(err)) return false;
    }
    if (this.untold.get(channelId) === seq) this.untold.delete(channelId);
    return true;
  }

  /** readOf is up to where we have read. */
  private readOf(channelId: string): number {
    return this.state.reads[channelId]?.[this.state.me.id] ?? this.bases.get(channelId)?.seq ?? 0;
  }

  /** knownOf is up to where nothing is new to us. */
  private knownOf(channelId: string): number {
    return Math.max(this.readOf(channelId), this.skipped.get(channelId) ?? 0);
  }

  private raise({ channelId, entityId, seq }: ReadMark): void {
    const { reads } = this.state;
    const known = reads[channelId] ?? {};
    if (seq <= (known[entityId] ?? -1)) return;
    this.store.set({ reads: { ...reads, [channelId]: { ...known, [entityId]: seq } } });
  }

  /** recount counts what is new: exactly where history is loaded, else from what was told. */
  private recount(channelId: string): void {
    const { me, unread } = this.state;
    const log = logOf(this.state, channelId);
    const base = this.bases.get(channelId);
    const read = this.knownOf(channelId);
    let n = 0;
    if (log.loaded && log.floor <= read + 1) {
      for (let i = log.posts.length - 1; i >= 0 && log.posts[i]!.seq > read; i--) {
        if (log.posts[i]!.authorId !== me.id) n++;
      }
    } else {
      const from = Math.max(read, base?.head ?? 0);
      n = base !== undefined && read < base.head ? base.unread : 0;
      for (const entry of log.entries.values()) {
        if (entry.kind === "post" && entry.seq > from && entry.authorId !== me.id) n++;
      }
    }
    if (n !== (unread[channelId] ?? 0)) this.store.set({ unread: { ...unread, [channelId]: n } });
  }
}
