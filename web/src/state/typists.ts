import type { Typing } from "../net/signals";
import type { Typist } from "./model";

/** How long somebody types without saying so again. */
export const typingFor = 6_000;

/** An agent says it once per turn; this is when even the longest turn has ended. */
export const workingFor = 130_000;

/** Typists knows who types where, and forgets those who stopped saying so. */
export class Typists {
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();
  private lists: Readonly<Record<string, readonly Typist[]>> = {};

  /** changed is called with the new lists after every change. */
  constructor(private readonly changed: (lists: Readonly<Record<string, readonly Typist[]>>) => void) {}

  /** heard notes that somebody types or has stopped. */
  heard(event: Typing, isAgent: boolean): void {
    this.stopped(event.channelId, event.senderId);
    if (!event.isTyping) return;
    const { channelId, senderId } = event;
    const list = this.lists[channelId] ?? [];
    this.set(channelId, [...list, { id: senderId, name: event.senderName }]);
    const timer = setTimeout(() => this.stopped(channelId, senderId), isAgent ? workingFor : typingFor);
    this.timers.set(channelId + senderId, timer);
  }

  /** stopped forgets one typist; unknown ones are ignored. */
  stopped(channelId: string, senderId: string): void {
    const timer = this.timers.get(channelId + senderId);
    if (timer === undefined) return;
    clearTimeout(timer);
    this.timers.delete(channelId + senderId);
    this.set(channelId, (this.lists[channelId] ?? []).filter((typist) => typist.id !== senderId));
  }

  /** clear forgets everybody: after a lost connection nobody's silence is heard. */
  clear(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
    this.lists = {};
    this.changed(this.lists);
  }

  private set(channelId: string, list: readonly Typist[]): void {
    this.lists = { ...this.lists, [channelId]: list };
    this.changed(this.lists);
  }
}
