import { fields } from "../net/read";
import { local, names, parsed, read, write } from "./storage";

/** How long after the last key a draft is kept for good. */
const settledAfter = 300;

/** How many characters all drafts together may have; the oldest give way. */
const maxSize = 300_000;

/**
 * Drafts keeps what was written and not sent, over a reload and for all tabs of the
 * browser. A tab changes only the channels in which it was written itself.
 */
export class Drafts {
  private readonly changed = new Map<string, string>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly name: string;

  constructor(me: string) {
    this.name = names.drafts(me);
  }

  /** get is the draft of a channel, "" if there is none. */
  get(channelId: string): string {
    const own = this.changed.get(channelId);
    if (own !== undefined) return own;
    const kept = this.stored()[channelId];
    return typeof kept === "string" ? kept : "";
  }

  /** set keeps a draft; an empty one is forgotten. */
  set(channelId: string, text: string): void {
    this.changed.set(channelId, text);
    clearTimeout(this.timer);
    // A sent message must not come back as a draft, so the empty one is kept at once.
    if (text === "") this.save();
    else this.timer = setTimeout(() => this.save(), settledAfter);
  }

  /** save writes what has changed; the page calls it before it goes away. */
  save(): void {
    clearTimeout(this.timer);
    if (this.changed.size === 0) return;
    const all = this.stored();
    for (const [channelId, text] of this.changed) {
      delete all[channelId];
      if (text !== "") all[channelId] = text;
    }
    let value = JSON.stringify(all);
    for (const oldest of Object.keys(all)) {
      if (value.length <= maxSize) break;
      delete all[oldest];
      value = JSON.stringify(all);
    }
    if (write(local, this.name, value === "{}" ? "" : value)) this.changed.clear();
  }

  private stored(): Record<string, unknown> {
    return { ...fields(parsed(read(local, this.name))) };
  }
}
