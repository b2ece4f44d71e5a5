import { fields } from "../net/read";
import type { OutboxItem } from "./outbox";
import { local, names, namesWith, parsed, read, write } from "./storage";

/** How many messages are kept over a reload. */
const maxItems = 200;

/**
 * Shelf keeps what is not sent yet over a reload, each message under its own name, so
 * that tabs do not write over one another. Tabs may send the same message: its id makes
 * the server store it once.
 */
export class Shelf {
  private readonly kept = new Map<string, string>();
  private readonly prefix: string;

  constructor(me: string) {
    this.prefix = names.outbox(me);
  }

  /** load returns what was left, in the order in which it was written. */
  load(): OutboxItem[] {
    const items: OutboxItem[] = [];
    for (const name of namesWith(local, this.prefix)) {
      const value = read(local, name);
      const item = parsed(value);
      if (!isItem(item)) {
        write(local, name, "");
        continue;
      }
      this.kept.set(item.clientId, value);
      items.push(item);
    }
    return items.sort((a, b) => a.at - b.at);
  }

  /** save keeps exactly these. */
  save(items: readonly OutboxItem[]): void {
    const now = new Map(items.slice(0, maxItems).map((item) => [item.clientId, JSON.stringify(item)]));
    for (const clientId of this.kept.keys()) {
      if (!now.has(clientId)) write(local, this.prefix + clientId, "");
    }
    const before = new Map(this.kept);
    this.kept.clear();
    for (const [clientId, value] of now) {
      // What finds no room is tried again at the next change.
      if (before.get(clientId) === value || write(local, this.prefix + clientId, value)) this.kept.set(clientId, value);
    }
  }

  /** onSettled calls back when another tab has sent or discarded a message. */
  onSettled(call: (clientId: string) => void): () => void {
    const heard = (event: StorageEvent) => {
      if (event.newValue === null && event.key?.startsWith(this.prefix)) call(event.key.slice(this.prefix.length));
    };
    addEventListener("storage", heard);
    return () => removeEventListener("storage", heard);
  }
}

/** isItem checks what was read from the shelf. */
function isItem(value: unknown): value is OutboxItem {
  const item = fields(value);
  return (
    ["clientId", "channelId", "text"].every((name) => typeof item[name] === "string") &&
    ["at", "attempts"].every((name) => typeof item[name] === "number") &&
    ["waiting", "sending", "failed"].includes(String(item["state"]))
  );
}
