import { local, names, read, session, write } from "./storage";

/** Who the user is; the id stays with the browser, the name is the user's choice. */
export interface Identity {
  readonly id: string;
  readonly name: string;
}

/** isId says whether a text is a UUID of any version. */
export function isId(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}

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

/** saveName keeps the user's name. */
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

/** loadKey is the server's key, "" if none is kept. */
export function loadKey(): string {
  return read(session, names.key) || read(local, names.key);
}

/** saveKey keeps the key for this tab, or for this browser; never in both places. */
export function saveKey(key: string, remember: boolean): void {
  write(session, names.key, remember ? "" : key);
  write(local, names.key, remember ? key : "");
}
