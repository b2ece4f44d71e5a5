import type { Chunk, OpenStream } from "../net/signals";

/** The open answers of every channel. */
type Lists = Readonly<Record<string, readonly OpenStream[]>>;

/**
 * Streams knows the answers that are being written, piece by piece. A join tells which
 * are open and how far they are; pieces that are heard before its answer wait for it,
 * since they go on where that ends.
 */
export class Streams {
  private lists: Lists = {};
  /** What was heard before the join's answer, by channel. */
  private readonly early = new Map<string, Chunk[]>();

  /** changed is called with the new lists after every change. */
  constructor(private readonly changed: (lists: Lists) => void) {}

  /** heard takes one piece; joined says whether the channel's join was answered. */
  heard(chunk: Chunk, joined: boolean): void {
    if (joined) {
      const list = this.of(chunk.channelId);
      const next = grown(list, chunk);
      if (next !== list) this.set(chunk.channelId, next);
      return;
    }
    const waiting = this.early.get(chunk.channelId) ?? [];
    this.early.set(chunk.channelId, [...waiting, chunk]);
  }

  /** replace takes what a join tells: nothing else is open, but for what came meanwhile. */
  replace(channelId: string, open: readonly OpenStream[], ended: (messageId: string) => boolean): void {
    let list = open;
    for (const chunk of this.early.get(channelId) ?? []) list = grown(list, chunk);
    this.early.delete(channelId);
    this.set(channelId, list.filter((stream) => !ended(stream.messageId)));
  }

  /** end forgets the streams of a channel that fit. */
  end(channelId: string, fits: (stream: OpenStream) => boolean): void {
    const list = this.of(channelId);
    const rest = list.filter((stream) => !fits(stream));
    if (rest.length < list.length) this.set(channelId, rest);
    const waiting = this.early.get(channelId)?.filter((chunk) => !fits({ ...chunk, text: "" }));
    if (waiting !== undefined) this.early.set(channelId, waiting);
  }

  /** interrupted forgets what waits: the connection is gone, and the next join tells all. */
  interrupted(): void {
    this.early.clear();
  }

  private of(channelId: string): readonly OpenStream[] {
    return this.lists[channelId] ?? [];
  }

  private set(channelId: string, list: readonly OpenStream[]): void {
    if (list.length === 0 && this.of(channelId).length === 0) return;
    this.lists = { ...this.lists, [channelId]: list };
    this.changed(this.lists);
  }
}

/**
 * grown is the list with one more piece. A higher attempt starts the text anew; what is
 * known, or does not follow what is known, is left out: the message brings it.
 */
export function grown(list: readonly OpenStream[], piece: Chunk): readonly OpenStream[] {
  const { channelId: _, chunk, ...rest } = piece;
  const old = list.find((stream) => stream.messageId === piece.messageId);
  if (old === undefined) {
    return piece.index === 0 ? [...list, { ...rest, index: 1, text: chunk }] : list;
  }
  if (piece.attempt < old.attempt) return list;
  const restart = piece.attempt > old.attempt;
  if (piece.index !== (restart ? 0 : old.index)) return list;
  const text = restart ? chunk : old.text + chunk;
  const next = { ...old, attempt: piece.attempt, index: piece.index + 1, text };
  return list.map((stream) => (stream === old ? next : stream));
}
