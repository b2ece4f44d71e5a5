// What the browser keeps for this page. Private windows and full quotas may forbid it:
// then everything works, for as long as the page is open.

/** Names of what is kept; those with an id are kept for each user. */
export const names = {
  id: "parley.entityId",
  name: "parley.name",
  key: "parley.apiKey",
  theme: "parley.theme",
  drafts: (me: string) => `parley.drafts.${me}.`,
  people: (me: string) => `parley.people.${me}`,
  outbox: (me: string) => `parley.outbox.${me}.`,
};

/** local is kept over visits and shared by all tabs. */
export const local = () => localStorage;

/** session is kept over a reload of this tab. */
export const session = () => sessionStorage;

/** read returns what is stored, "" if nothing is or the browser forbids it. */
export function read(storage: () => Storage, name: string): string {
  try {
    return storage().getItem(name) ?? "";
  } catch {
    return "";
  }
}

/** write stores, or removes what is empty. It returns whether that was possible. */
export function write(storage: () => Storage, name: string, value: string): boolean {
  try {
    if (value === "") storage().removeItem(name);
    else storage().setItem(name, value);
    return true;
  } catch {
    return false;
  }
}

/** namesWith are the names that begin so. */
export function namesWith(storage: () => Storage, prefix: string): string[] {
  try {
    const all = storage();
    return Array.from({ length: all.length }, (_, i) => all.key(i) ?? "").filter((name) => name.startsWith(prefix));
  } catch {
    return [];
  }
}

/** parsed reads JSON, undefined if it is none. */
export function parsed(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
