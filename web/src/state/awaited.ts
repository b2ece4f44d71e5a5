import { workingFor } from "./typists";

/** How many ends of waits are kept, for those that come before their message's ack. */
const remembered = 50;

/**
 * Awaited knows which messages of ours wait for an agent. The end of a wait may be
 * heard before the send is acknowledged, and may be missed over a lost connection.
 */
export class Awaited {
  private ended: string[] = [];
  private lists: Readonly<Record<string, readonly string[]>> = {};

  /** changed is called with the new lists after every change. */
  constructor(private readonly changed: (lists: Readonly<Record<string, readonly string[]>>) => void) {}

  /** begin waits for an answer to a message. */
  begin(channelId: string, messageId: string): void {
    const list = this.lists[channelId] ?? [];
    if (this.ended.includes(messageId) || list.includes(messageId)) return;
    this.set(channelId, [...list, messageId]);
    setTimeout(() => this.end(channelId, messageId), workingFor);
  }

  /** end stops waiting for one message, or for all of the channel if it is not named. */
  end(channelId: string, messageId: string | undefined): void {
    const list = this.lists[channelId] ?? [];
    if (messageId === undefined) {
      if (list.length > 0) this.set(channelId, []);
      return;
    }
    this.ended = [...this.ended.slice(1 - remembered), messageId];
    if (list.includes(messageId)) this.set(channelId, list.filter((id) => id !== messageId));
  }

  private set(channelId: string, list: readonly string[]): void {
    this.lists = { ...this.lists, [channelId]: list };
    this.changed(this.lists);
  }
}
