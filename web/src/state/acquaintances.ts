import { fields } from "../net/read";
import { local, names, parsed, read, write } from "./storage";

/** How many names are kept over a reload. */
const maxKept = 200;

/** loadPeople is what those were called who were heard of before. */
export function loadPeople(me: string): Record<string, string> {
  const kept = Object.entries(fields(parsed(read(local, names.people(me)))));
  return Object.fromEntries(kept.filter((pair): pair is [string, string] => typeof pair[1] === "string"));
}

/** savePeople keeps the names that were learned last: the server tells ids, and names only with messages. */
export function savePeople(me: string, people: Readonly<Record<string, string>>): void {
  write(local, names.people(me), JSON.stringify(Object.fromEntries(Object.entries(people).slice(-maxKept))));
}
