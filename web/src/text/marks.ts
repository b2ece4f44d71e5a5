/** A piece of a text, and whether it is what was looked for. */
export interface Marked {
  readonly text: string;
  readonly hit: boolean;
}

/** How much is shown before the first hit, and in all. */
const lead = 60;
const length = 220;

/** marked splits the part of a text around the first hit at the words that were looked for. */
export function marked(text: string, query: string): Marked[] {
  const words = query.trim().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [{ text: text.slice(0, length), hit: false }];
  const hits = new RegExp(words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|"), "giu");
  const first = text.search(hits);
  const from = first > lead ? first - lead : 0;
  const part = (from > 0 ? "…" : "") + text.slice(from, from + length) + (text.length > from + length ? "…" : "");
  const pieces: Marked[] = [];
  let end = 0;
  for (const match of part.matchAll(hits)) {
    if (match.index > end) pieces.push({ text: part.slice(end, match.index), hit: false });
    pieces.push({ text: match[0], hit: true });
    end = match.index + match[0].length;
  }
  if (end < part.length) pieces.push({ text: part.slice(end), hit: false });
  return pieces;
}
