import type { LogEvent } from "../net/events";

/** How many messages may come in within a moment before they are taken together, and how long that is. */
const atOnce = 10;
const moment = 50;

/**
 * Arrivals hands on what is heard: at once as long as it is little, else all that came
 * within a moment together. Each of a flood of messages would cost as much as all.
 */
export class Arrivals {
  private waiting: LogEvent[] = [];
  private count = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  /** take gets events of one channel, in the order in which they were heard. */
  constructor(private readonly take: (channelId: string, events: readonly LogEvent[]) => void) {}

  /** heard takes one event. */
  heard(event: LogEvent): void {
    this.timer ??= setTimeout(() => this.passed(), moment);
    if (this.count++ < atOnce) this.take(event.channelId, [event]);
    else this.waiting.push(event);
  }

  /** flush hands on what waits: something was heard that comes after it. */
  flush(): void {
    const { waiting } = this;
    this.waiting = [];
    const channels = new Map<string, LogEvent[]>();
    for (const event of waiting) {
      const list = channels.get(event.channelId);
      if (list === undefined) channels.set(event.channelId, [event]);
      else list.push(event);
    }
    for (const [channelId, events] of channels) this.take(channelId, events);
  }

  /** passed ends a moment. While a flood lasts, all of the next one waits as well. */
  private passed(): void {
    const flood = this.waiting.length > 0;
    this.count = flood ? atOnce : 0;
    this.timer = flood ? setTimeout(() => this.passed(), moment) : undefined;
    this.flush();
  }
}
