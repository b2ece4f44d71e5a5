import type { Clearing, LogEvent, Page, Post } from "../net/events";

/**
 * ChannelLog is what this page knows of a channel: its entries by id, and how far it
 * has followed the channel's numbers. It is a value; every change returns a new one.
 * A window of old history, opened around a message, is one as well.
 */
export interface ChannelLog {
  /** The newest form of every known entry. */
  readonly entries: ReadonlyMap<string, LogEvent>;
  /** What to show: posts from floor to ceiling, in the order of seq. */
  readonly posts: readonly Post[];
  /**
   * The oldest seq up to which history is complete. What is known from below it (an
   * edit of an old message, say) stays hidden until its page is loaded.
   */
  readonly floor: number;
  /** The newest seq up to which a window is complete; infinite in the log itself. */
  readonly ceiling: number;
  /** Whether there is history below floor. */
  readonly hasOlder: boolean;
  /** Whether the newest page was loaded. */
  readonly loaded: boolean;
  /** The last rev up to which every event has been seen; undefined before the first join. */
  readonly cursor: number | undefined;
  /** Everything up to this seq was cleared away. */
  readonly cleared: number;
}

/** emptyLog is what is known of a channel at first. */
export const emptyLog: ChannelLog = {
  entries: new Map(),
  posts: [],
  floor: Number.POSITIVE_INFINITY,
  ceiling: Number.POSITIVE_INFINITY,
  hasOlder: true,
  loaded: false,
  cursor: undefined,
  cleared: 0,
};

/**
 * merge adds events in any order, also repeated ones: of two forms of an entry the
 * higher rev wins, and a deletion is final. It does not move the cursor.
 */
export function merge(log: ChannelLog, events: Iterable<LogEvent>): ChannelLog {
  const entries = new Map(log.entries);
  let { cleared } = log;
  const fresh: Post[] = [];
  let replaced = false;
  for (const event of events) {
    if (event.kind === "clearing") {
      cleared = Math.max(cleared, event.upto);
      continue;
    }
    const old = entries.get(event.id);
    const next = newer(old, event);
    if (next === old) continue;
    entries.set(event.id, next);
    if (old === undefined && next.kind === "post") fresh.push(next);
    else replaced = true;
  }
  if (cleared > log.cleared) return swept({ ...log, entries, cleared });
  if (!replaced && fresh.length === 0) return log;
  return (replaced ? undefined : appended({ ...log, entries }, fresh)) ?? shown({ ...log, entries });
}

/** newer picks between two forms of an entry and keeps what only one of them knows. */
function newer(old: LogEvent | undefined, event: Exclude<LogEvent, Clearing>): LogEvent {
  if (old === undefined) return event;
  if (old.kind !== "post") return old;
  if (event.kind === "tombstone") return { ...event, seq: event.seq || old.seq, rev: Math.max(event.rev, old.rev) };
  // A repeat may know the sender's id for it where the first form did not.
  const clientId = old.clientId ?? event.clientId;
  if (event.rev > old.rev) return clientId === undefined ? event : { ...event, clientId };
  return old.clientId === clientId || clientId === undefined ? old : { ...old, clientId };
}

/** swept is the log after a clearing: what was cleared away is forgotten. */
function swept(log: ChannelLog): ChannelLog {
  const entries = new Map([...log.entries].filter(([, entry]) => entry.seq > log.cleared));
  const nothingOlder = log.loaded && log.floor <= log.cleared + 1;
  return shown({ ...log, entries, ...(nothingOlder ? { floor: 0, hasOlder: false } : {}) });
}

/** visible says whether a post lies where the log is complete. */
function visible(log: ChannelLog, post: Post): boolean {
  return post.seq >= log.floor && post.seq <= log.ceiling && post.seq > log.cleared;
}

/** appended adds new posts behind all that is shown; undefined if they belong elsewhere. */
function appended(log: ChannelLog, fresh: readonly Post[]): ChannelLog | undefined {
  let last = log.posts.at(-1)?.seq ?? -1;
  const seen = fresh.filter((post) => visible(log, post));
  for (const post of seen) {
    if (post.seq <= last) return undefined;
    last = post.seq;
  }
  return seen.length === 0 ? log : { ...log, posts: [...log.posts, ...seen] };
}

/** shown recomputes posts. */
function shown(log: ChannelLog): ChannelLog {
  const posts: Post[] = [];
  for (const entry of log.entries.values()) {
    if (entry.kind === "post" && visible(log, entry)) posts.push(entry);
  }
  posts.sort((a, b) => a.seq - b.seq);
  return { ...log, posts };
}

/** bounds are the lowest and the highest seq of a page. */
function bounds(page: Page): { low: number; high: number } {
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  for (const { seq } of page.events) {
    low = Math.min(low, seq);
    high = Math.max(high, seq);
  }
  return { low, high };
}

/**
 * withPage adds a page of history: the newest one, or the one below floor. Where the
 * server does not say so, a page shorter than limit is the last one.
 */
export function withPage(log: ChannelLog, page: Page, limit: number): ChannelLog {
  const hasOlder = page.hasOlder ?? page.events.length >= limit;
  const floor = hasOlder ? Math.min(log.floor, bounds(page).low) : 0;
  return shown({ ...merge(log, page.events), floor, hasOlder, loaded: true });
}

/** windowOf is a piece of old history on its own, up to the newest message if nothing is newer. */
export function windowOf(page: Page, limit: number): ChannelLog {
  const hasNewer = page.hasNewer ?? page.events.length >= limit;
  const ceiling = hasNewer ? bounds(page).high : Number.POSITIVE_INFINITY;
  return withPage({ ...emptyLog, ceiling }, page, limit);
}

/** withNewer adds the page above the ceiling of a window. */
export function withNewer(log: ChannelLog, page: Page, limit: number): ChannelLog {
  const hasNewer = page.hasNewer ?? page.events.length >= limit;
  const ceiling = hasNewer ? Math.max(log.ceiling, bounds(page).high) : Number.POSITIVE_INFINITY;
  return shown({ ...merge(log, page.events), ceiling });
}

/**
 * united is the log together with a window that reaches it; undefined as long as there
 * is a gap between them.
 */
export function united(log: ChannelLog, window: ChannelLog): ChannelLog | undefined {
  if (!log.loaded || window.ceiling + 1 < log.floor) return undefined;
  if (window.floor >= log.floor) return log;
  const { floor, hasOlder } = window;
  return shown({ ...merge(log, window.entries.values()), floor, hasOlder });
}

/**
 * upToDate is a window with what the log has heard of its entries: of an edit, a deletion
 * or a clearing that came while a page of it was on its way.
 */
export function upToDate(window: ChannelLog, log: ChannelLog): ChannelLog {
  const known = [...window.entries.keys()].flatMap((id) => log.entries.get(id) ?? []);
  const next = merge(window, known);
  return log.cleared > next.cleared ? swept({ ...next, cleared: log.cleared }) : next;
}

/** advance notes that every event up to rev has been seen. It never goes back. */
export function advance(log: ChannelLog, rev: number): ChannelLog {
  return rev > (log.cursor ?? -1) ? { ...log, cursor: rev } : log;
}

/**
 * broken is the log after a catch-up that did not reach head: what was known up to
 * head has a gap behind it, so history starts again from the newest page.
 */
export function broken(log: ChannelLog, head: number): ChannelLog {
  const entries = new Map([...log.entries].filter(([, entry]) => entry.rev > head));
  return { ...emptyLog, entries, cursor: log.cursor, cleared: log.cleared };
}

/** shortened is the log with only its newest posts; what is older is history to be read again. */
export function shortened(log: ChannelLog, keep: number): ChannelLog {
  const first = log.posts[log.posts.length - keep];
  if (first === undefined) return log;
  const entries = new Map([...log.entries].filter(([, entry]) => entry.seq >= first.seq));
  return shown({ ...log, entries, floor: first.seq, hasOlder: true });
}

/** restarted is the log of a channel whose numbers began anew. */
export function restarted(head: number): ChannelLog {
  return { ...emptyLog, cursor: head };
}
