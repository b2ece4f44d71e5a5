import { fields } from "../net/read";
import { local, names, namesWith, parsed, read, write } from "./storage";

/** How long after the last key a draft is kept for good. */
const settledAfter = 300;

/** How many drafts are kept, and how many characters they may have together; the oldest give way. */
const maxDrafts = 100;
const maxSize = 300_000;

/** A draft as it is stored. */
interface Draft {
  readonly text: string;
  /** When it was written, in milliseconds. */
  readonly at: number;
}

/**
 * Drafts keeps what was written and not sent, over a reload and for all tabs of the
 * browser. Each channel's has a name of its own: a tab sees what another one has stored
 * only a moment later, and must not write over what it does not see.
 */
export class Drafts {
  private readonly changed = new Map<string, string>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly prefix: string;

  constructor(me: string) {
    this.prefix = names.drafts(me);
  }

  /** get is the draft of a channel, "" if there is none. */
  get(channelId: string): string {
    return this.changed.get(channelId) ?? stored(this.prefix + channelId).text;
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
    for (const [channelId, text] of this.changed) {
      const value = text === "" ? "" : JSON.stringify({ text, at: Date.now() });
      if (write(local, this.prefix + channelId, value)) this.changed.delete(channelId);
    }
    this.bound();
  }

  /** bound drops the oldest beyond what may be kept. */
  private bound(): void {
    const all = namesWith(local, this.prefix).map((name) => ({ name, ...stored(name) }));
    let size = 0;
    for (const [i, { name, text }] of all.sort((a, b) => b.at - a.at).entries()) {
      if (i >= maxDrafts || size + text.length > maxSize) write(local, name, "");
      else size += text.length;
    }
  }
}

/** stored is what is kept under a name, an empty draft if nothing can be read. */
function stored(name: string): Draft {
  const { text, at } = fields(parsed(read(local, name)));
  return { text: typeof text === "string" ? text : "", at: typeof at === "number" ? at : 0 };
}
