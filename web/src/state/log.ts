import type { LogEvent, Post } from "../net/events";

/**
 * ChannelLog is what this page knows of a channel: its entries by id, and how far it
 * has followed the channel's numbers. It is a value; every change returns a new one.
 */
export interface ChannelLog {
  /** The newest form of every known entry. */
  readonly entries: ReadonlyMap<string, LogEvent>;
  /** What to show: posts from floor on, in the order of seq. */
  readonly posts: readonly Post[];
  /**
   * The oldest seq up to which history is complete. What is known from below it (an
   * edit of an old message, say) stays hidden until its page is loaded.
   */
  readonly floor: number;
  /** Whether there is history below floor. */
  readonly hasOlder: boolean;
  /** Whether the newest page was loaded. */
  readonly loaded: boolean;
  /** The last rev up to which every event has been seen; undefined before the first join. */
  readonly cursor: number | undefined;
}

export const emptyLog: ChannelLog = {
  entries: new Map(),
  posts: [],
  floor: Number.POSITIVE_INFINITY,
  hasOlder: true,
  loaded: false,
  cursor: undefined,
};

/**
 * merge adds events in any order, also repeated ones: of two forms of an entry the
 * higher rev wins, and a deletion is final. It does not move the cursor.
 */
export function merge(log: ChannelLog, events: readonly LogEvent[]): ChannelLog {
  const entries = new Map(log.entries);
  let changed = false;
  for (const event of events) {
    const next = newer(entries.get(event.id), event);
    if (next === entries.get(event.id)) continue;
    entries.set(event.id, next);
    changed = true;
  }
  return changed ? shown({ ...log, entries }) : log;
}

/** newer picks between two forms of an entry and keeps what only one of them knows. */
function newer(old: LogEvent | undefined, event: LogEvent): LogEvent {
  if (old === undefined) return event;
  if (old.kind === "tombstone") return old;
  if (event.kind === "tombstone") return { ...event, seq: event.seq || old.seq, rev: Math.max(event.rev, old.rev) };
  // A repeat may know the sender's id for it where the first form did not.
  const clientId = old.clientId ?? event.clientId;
  if (event.rev > old.rev) return clientId === undefined ? event : { ...event, clientId };
  return old.clientId === clientId || clientId === undefined ? old : { ...old, clientId };
}

/** shown recomputes posts. */
function shown(log: ChannelLog): ChannelLog {
  const posts: Post[] = [];
  for (const entry of log.entries.values()) {
    if (entry.kind === "post" && entry.seq >= log.floor) posts.push(entry);
  }
  posts.sort((a, b) => a.seq - b.seq);
  return { ...log, posts };
}

/**
 * withPage adds a page of history: the newest one, or the one below floor. A page
 * shorter than limit is the last one.
 */
export function withPage(log: ChannelLog, page: readonly LogEvent[], limit: number): ChannelLog {
  const hasOlder = page.length >= limit;
  const oldest = page.reduce((seq, event) => Math.min(seq, event.seq), log.floor);
  return shown({ ...merge(log, page), floor: hasOlder ? oldest : 0, hasOlder, loaded: true });
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
  return { ...emptyLog, entries, cursor: log.cursor };
}
