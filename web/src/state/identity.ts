import type { OutboxItem } from "./outbox";

/** Who the user is; the id stays with the browser, the name is the user's choice. */
export interface Identity {
  readonly id: string;
  readonly name: string;
}

const names = { id: "parley.entityId", name: "parley.name", key: "parley.apiKey", outbox: "parley.outbox" };

/** isId says whether a text is a UUID of any version. */
export function isId(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}

/** read returns what is stored, "" if nothing is or the browser forbids it. */
function read(storage: () => Storage, name: string): string {
  try {
    return storage().getItem(name) ?? "";
  } catch {
    return "";
  }
}

/** write stores or removes; where the browser forbids it, it lasts as long as the page. */
function write(storage: () => Storage, name: string, value: string): void {
  try {
    if (value === "") storage().removeItem(name);
    else storage().setItem(name, value);
  } catch {
    // Private windows and full quotas: the page works without.
  }
}

const local = () => localStorage;
const session = () => sessionStorage;

/** newId makes a random UUID, also on a page without TLS, where randomUUID is missing. */
export function newId(): string {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** loadIdentity makes an id at the first visit; the name is "" until it is chosen. */
export function loadIdentity(): Identity {
  let id = read(local, names.id);
  if (!isId(id)) {
    id = newId();
    write(local, names.id, id);
  }
  return { id, name: read(local, names.name) };
}

export function saveName(name: string): void {
  write(local, names.name, name);
}

/**
 * onRenamed calls back when the name is chosen in another tab, so that one person has one
 * name. It returns the function that ends this.
 */
export function onRenamed(call: (name: string) => void): () => void {
  const heard = (event: StorageEvent) => {
    if (event.key === names.name && event.newValue) call(event.newValue);
  };
  addEventListener("storage", heard);
  return () => removeEventListener("storage", heard);
}

export function loadKey(): string {
  return read(session, names.key) || read(local, names.key);
}

/** saveKey keeps the key for this tab, or for this browser; never in both places. */
export function saveKey(key: string, remember: boolean): void {
  write(session, names.key, remember ? "" : key);
  write(local, names.key, remember ? key : "");
}

/** saveOutbox keeps what is not sent over a reload of this tab. */
export function saveOutbox(items: readonly OutboxItem[]): void {
  write(session, names.outbox, items.length === 0 ? "" : JSON.stringify(items));
}

/** loadOutbox returns what the tab had not sent, nothing if that cannot be read. */
export function loadOutbox(): OutboxItem[] {
  try {
    const items: unknown = JSON.parse(read(session, names.outbox) || "[]");
    return Array.isArray(items) ? items.filter(isItem) : [];
  } catch {
    return [];
  }
}

function isItem(value: unknown): value is OutboxItem {
  const item = value as Partial<Record<keyof OutboxItem, unknown>> | null;
  return (
    typeof item?.clientId === "string" &&
    typeof item.channelId === "string" &&
    typeof item.text === "string" &&
    typeof item.at === "number" &&
    typeof item.attempts === "number" &&
    (item.state === "waiting" || item.state === "sending" || item.state === "failed")
  );
}
