// How values of any form are read: what has the wrong type becomes empty, so that the
// rest of the page can trust its types.

/** Any object, its fields not checked yet. */
export type Fields = Record<string, unknown>;

/** fields reads any value as an object, an empty one if it is none. */
export function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** text reads a string, "" if it is none. */
export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** list reads an array, an empty one if it is none. */
export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** count reads a finite number, 0 if it is none. */
export function count(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

/** first is the first of these fields that is a text with something in it, else "". */
export function first(f: Fields, ...names: string[]): string {
  for (const name of names) {
    const found = text(f[name]);
    if (found !== "") return found;
  }
  return "";
}

/** each reads a list and leaves out what cannot be read. */
export function each<T>(value: unknown, read: (item: unknown) => T | undefined): T[] {
  return list(value).flatMap((item) => read(item) ?? []);
}

/** instant is the first of these fields that is a moment, in milliseconds, else 0. */
export function instant(f: Fields, ...names: string[]): number {
  for (const name of names) {
    const value = f[name];
    if (typeof value === "number" && Number.isFinite(value)) return value;
    if (typeof value === "string" && !Number.isNaN(Date.parse(value))) return Date.parse(value);
  }
  return 0;
}

/** channelIn is the channel that something is about, "" if it names none. */
export function channelIn(f: Fields): string {
  return first(f, "channelId", "channel_id", "roomId");
}
