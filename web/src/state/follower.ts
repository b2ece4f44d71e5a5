import type { Clearing, LogEvent, Page, Tombstone } from "../net/events";
import { historyPage } from "../net/rest";
import { CallError, isPassing, reason, type Server, type Span } from "../net/server";
import type { Joined } from "../net/signals";
import { advance, broken, merge, restarted, shortened, united, upToDate, windowOf, withNewer, withPage, type ChannelLog } from "./log";
import type { Progress, State } from "./model";
import { logOf } from "./select";
import type { Store } from "./store";

/** How many messages the first page of history has, and how many a later one. */
export const pageSize = 50;
export const nextPageSize = 200;

/**
 * How many more times what was missed is asked for where one answer does not hold it all.
 * After an absence that was longer still, history starts again from the newest page.
 */
const maxSteps = 6;

/** How many messages of a channel that is not open are kept at least; twice as many at most. */
const restingSize = 1_000;

/** How many messages of the open channel are kept at least for a reader at its end; twice as many at most. */
const openSize = 15_000;

/** How long to wait before a join that failed on a living connection is tried again. */
const rejoinAfter = 2_000;

/** What a Follower tells the page. */
export interface FollowerOptions {
  store: Store<State>;
  server: Server;
  apiKey(): string;
  /** Events were merged; missed ones are from a catch-up. */
  took(channelId: string, events: readonly LogEvent[], how: "live" | "missed" | "page"): void;
  /** A channel's numbers began anew; says whether the channel is no more, and then it was dropped. */
  vanished(channelId: string): Promise<boolean>;
  /** A channel's join was answered, and its log has no gap. */
  entered(channelId: string, answer: Joined): void;
}

/**
 * Follower keeps the logs of the channels that it follows complete: it joins them after
 * every connect with the number of the last event seen, and reads history.
 */
export class Follower {
  /** Counts connections: what an older one answers is of no use any more. */
  private generation = 0;
  private readonly followed = new Set<string>();
  /** Those whose room this connection is in. */
  private readonly joined = new Set<string>();
  /** The last rev heard live on this connection, by channel. */
  private readonly live = new Map<string, number>();
  /** The page of history that is being read, by channel; what another one brings is of no use. */
  private readonly reading = new Map<string, symbol>();

  constructor(private readonly options: FollowerOptions) {}

  private get state(): State {
    return this.options.store.get();
  }

  /** connected enters all rooms again. */
  connected(): void {
    this.generation++;
    this.joined.clear();
    this.live.clear();
    for (const channelId of this.followed) void this.follow(channelId);
  }

  /** disconnected makes everything under way of no use. */
  disconnected(): void {
    this.generation++;
    this.joined.clear();
  }

  /** introduce tells all rooms what we are called; a join again changes nothing else. */
  introduce(): void {
    for (const channelId of this.joined) {
      // What came meanwhile was heard live; whoever does not hear the name reads it with a message.
      this.options.server.join(channelId, this.state.me, logOf(this.state, channelId).cursor).catch(() => undefined);
    }
  }

  /** isIn says whether this connection is in a channel's room and has closed the gap. */
  isIn(channelId: string): boolean {
    return this.joined.has(channelId);
  }

  /** rooms are all that this connection is in. */
  rooms(): Iterable<string> {
    return this.joined;
  }

  /** follows says whether a channel is followed. */
  follows(channelId: string): boolean {
    return this.followed.has(channelId);
  }

  /** watch follows a channel without reading its history. */
  watch(channelId: string): void {
    if (this.followed.has(channelId)) return;
    this.followed.add(channelId);
    if (this.state.connection === "online") void this.follow(channelId);
  }

  /** open follows a channel and reads its newest page. */
  open(channelId: string): void {
    if (!this.followed.has(channelId)) return this.watch(channelId);
    if (this.joined.has(channelId) && !logOf(this.state, channelId).loaded) void this.loadNewest(channelId);
  }

  /** drop forgets a channel. */
  drop(channelId: string): void {
    this.followed.delete(channelId);
    this.joined.delete(channelId);
    this.live.delete(channelId);
    this.reading.delete(channelId);
    const { [channelId]: _log, ...logs } = this.state.logs;
    const { [channelId]: _window, ...windows } = this.state.windows;
    const { [channelId]: _progress, ...history } = this.state.history;
    this.options.store.set({ logs, windows, history });
  }

  /**
   * follow enters a channel's room and closes the gap since the last event seen. What
   * is heard live while the answer is on its way lies beyond the answer's head, so the
   * two together are complete.
   */
  private async follow(channelId: string): Promise<void> {
    const { generation } = this;
    try {
      const { cursor } = logOf(this.state, channelId);
      let answer = await this.options.server.join(channelId, this.state.me, cursor);
      if (generation !== this.generation) return;
      // The numbers began anew: what was known is of a channel that is no more.
      const anew = answer.head < (cursor ?? 0) && answer.truncated;
      if (anew) this.change(channelId, () => restarted(answer.head));
      const waiting = this.state.outbox.some((item) => item.channelId === channelId);
      if (anew || (answer.head === 0 && (cursor !== undefined || waiting))) {
        // It is gone, or empty; a message sent to one that is gone would make it anew.
        if ((await this.options.vanished(channelId)) || generation !== this.generation) return;
      }
      this.take(channelId, answer.events, "missed");
      for (let i = 0; i < maxSteps && answer.truncated && answer.events.length > 0 && logOf(this.state, channelId).loaded; i++) {
        this.change(channelId, (log) => advance(log, answer.events.at(-1)!.rev));
        const next = await this.options.server.join(channelId, this.state.me, logOf(this.state, channelId).cursor);
        if (generation !== this.generation) return;
        this.take(channelId, next.events, "missed");
        answer = { ...next, events: [...answer.events, ...next.events] };
      }
      if (answer.truncated) this.startAgain(channelId, answer.head);
      this.change(channelId, (log) => advance(log, Math.max(answer.head, this.live.get(channelId) ?? 0)));
      this.joined.add(channelId);
      // What could not be read for want of a connection is asked for anew.
      if (typeof this.state.history[channelId] === "object") this.progress(channelId, "idle");
      this.options.entered(channelId, answer);
      if (this.state.current === channelId && !logOf(this.state, channelId).loaded) await this.loadNewest(channelId);
    } catch (err) {
      if (generation !== this.generation) return;
      if (isPassing(err)) this.rejoinLater(channelId, generation);
      else this.progress(channelId, { failed: reason(err) });
    }
  }

  private rejoinLater(channelId: string, generation: number): void {
    setTimeout(() => {
      if (generation === this.generation && this.state.connection === "online") void this.follow(channelId);
    }, rejoinAfter);
  }

  // Live events.

  /** posts takes messages of a channel that were heard. */
  posts(channelId: string, events: readonly LogEvent[]): void {
    if (!this.followed.has(channelId)) return;
    this.take(channelId, events, "live");
    this.heard(channelId, Math.max(...events.map(({ rev }) => rev)));
  }

  /** deleted takes a deletion or a clearing that was heard. */
  deleted(event: Tombstone | Clearing): void {
    const { channelId } = event;
    if (!this.followed.has(channelId)) return;
    if (event.kind === "clearing" && !Number.isFinite(event.upto)) {
      this.startAgain(channelId, Number.POSITIVE_INFINITY);
      void this.loadNewest(channelId);
      return;
    }
    this.take(channelId, [event], "live");
    this.heard(channelId, event.rev);
  }

  /** heard moves the cursor, unless a join is under way whose gap is not closed yet. */
  private heard(channelId: string, rev: number): void {
    this.live.set(channelId, Math.max(rev, this.live.get(channelId) ?? 0));
    if (this.joined.has(channelId)) this.change(channelId, (log) => advance(log, rev));
  }

  /** take merges events into the log, and into the window where it knows them. */
  take(channelId: string, events: readonly LogEvent[], how: "live" | "missed" | "page"): void {
    this.change(channelId, (log) => merge(log, events));
    const window = this.state.windows[channelId];
    if (window !== undefined) {
      const known = events.filter((event) => event.kind === "clearing" || window.entries.has(event.id));
      this.setWindow(channelId, merge(window, known));
    }
    this.options.took(channelId, events, how);
    if (channelId !== this.state.current) this.rest(channelId);
  }

  /** rest keeps what is known of a channel that is not open small; its history is read again when it is opened. */
  private rest(channelId: string): void {
    const { entries } = logOf(this.state, channelId);
    if (entries.size < 2 * restingSize) return;
    const revs = [...entries.values()].map(({ rev }) => rev).sort((a, b) => a - b);
    this.startAgain(channelId, revs[revs.length - restingSize - 1]!);
  }

  /** reached keeps what is known of a channel small when its reader has come to the end. */
  reached(channelId: string, seq: number): void {
    const { posts } = logOf(this.state, channelId);
    if (posts.length > 2 * openSize && seq >= posts.at(-1)!.seq) this.change(channelId, (log) => shortened(log, openSize));
  }

  // History.

  /** loadNewest shows the newest page. */
  async loadNewest(channelId: string): Promise<void> {
    await this.load(channelId, async () => {
      const page = await this.newestPage({ channelId, limit: pageSize });
      this.options.took(channelId, page.events, "page");
      return () => this.change(channelId, (log) => withPage(log, page, pageSize));
    });
  }

  private async newestPage(span: Span): Promise<Page> {
    try {
      return await this.options.server.page(span);
    } catch (err) {
      if (err instanceof CallError && err.code === "PAYLOAD_TOO_LARGE") return historyPage(span, this.options.apiKey());
      throw err;
    }
  }

  private async history(span: Span): Promise<Page> {
    const page = await historyPage(span, this.options.apiKey());
    this.options.took(span.channelId, page.events, "page");
    return page;
  }

  /** loadOlder shows the page before what is shown, or tries a failed page again. */
  async loadOlder(channelId: string): Promise<void> {
    const window = this.state.windows[channelId];
    const log = window ?? logOf(this.state, channelId);
    if (!log.loaded) return this.joined.has(channelId) ? this.loadNewest(channelId) : this.follow(channelId);
    if (!log.hasOlder) return;
    await this.load(channelId, async () => {
      const page = await this.history({ channelId, beforeSeq: log.floor, limit: nextPageSize });
      return () => {
        if (window === undefined) this.change(channelId, (now) => withPage(now, page, nextPageSize));
        else this.changeWindow(channelId, (now) => withPage(now, page, nextPageSize));
      };
    });
  }

  /** loadNewer shows the page after a window of old history. */
  async loadNewer(channelId: string): Promise<void> {
    const window = this.state.windows[channelId];
    if (window === undefined) return;
    await this.load(channelId, async () => {
      const page = await this.history({ channelId, afterSeq: window.ceiling, limit: nextPageSize });
      return () => this.changeWindow(channelId, (now) => withNewer(now, page, nextPageSize));
    });
  }

  /**
   * openAround brings a message into what is shown, with what stands around it. It
   * returns whether it is there.
   */
  async openAround(channelId: string, messageId: string, seq: number): Promise<boolean> {
    const shows = (log: ChannelLog | undefined) => log?.posts.some((post) => post.id === messageId) ?? false;
    if (shows(this.state.windows[channelId])) return true;
    if (shows(logOf(this.state, channelId))) {
      this.setWindow(channelId, undefined);
      return true;
    }
    this.reading.delete(channelId);
    await this.load(channelId, async () => {
      const page = await this.history({ channelId, aroundSeq: seq, limit: pageSize });
      return () => this.changeWindow(channelId, () => windowOf(page, pageSize));
    });
    // The newest page may have given way; the window leads to it in the end.
    if (!logOf(this.state, channelId).loaded && this.joined.has(channelId)) void this.loadNewest(channelId);
    return shows(this.state.windows[channelId]) || shows(logOf(this.state, channelId));
  }

  /** leaveWindow goes back to the log itself. */
  leaveWindow(channelId: string): void {
    if (this.state.windows[channelId] === undefined) return;
    this.reading.delete(channelId);
    this.progress(channelId, "idle");
    this.setWindow(channelId, undefined);
  }

  /** changeWindow changes a window; one that has reached the log becomes part of it. */
  private changeWindow(channelId: string, how: (log: ChannelLog) => ChannelLog): void {
    const log = logOf(this.state, channelId);
    const next = upToDate(how(this.state.windows[channelId] ?? log), log);
    const whole = united(log, next);
    if (whole === undefined) return this.setWindow(channelId, next);
    this.change(channelId, () => whole);
    this.setWindow(channelId, undefined);
  }

  private setWindow(channelId: string, window: ChannelLog | undefined): void {
    const { [channelId]: before, ...others } = this.state.windows;
    if (window === before) return;
    this.options.store.set({ windows: window === undefined ? others : { ...others, [channelId]: window } });
  }

  /** load reads one piece of history; what it returns is done if nothing came between. */
  private async load(channelId: string, read: () => Promise<() => void>): Promise<void> {
    if (this.reading.has(channelId)) return;
    const page = Symbol();
    this.reading.set(channelId, page);
    this.progress(channelId, "loading");
    try {
      const show = await read();
      if (this.reading.get(channelId) !== page) return;
      show();
      this.progress(channelId, "idle");
    } catch (err) {
      if (this.reading.get(channelId) === page) this.progress(channelId, { failed: reason(err) });
    } finally {
      if (this.reading.get(channelId) === page) this.reading.delete(channelId);
    }
  }

  /** startAgain forgets history up to head; a page of it that is on its way is of no use. */
  private startAgain(channelId: string, head: number): void {
    this.reading.delete(channelId);
    this.setWindow(channelId, undefined);
    this.change(channelId, (log) => broken(log, head));
  }

  private progress(channelId: string, what: Progress): void {
    this.options.store.set({ history: { ...this.state.history, [channelId]: what } });
  }

  private change(channelId: string, how: (log: ChannelLog) => ChannelLog): void {
    const before = logOf(this.state, channelId);
    const after = how(before);
    if (after !== before) this.options.store.set({ logs: { ...this.state.logs, [channelId]: after } });
  }
}
