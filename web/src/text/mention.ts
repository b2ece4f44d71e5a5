/** The name that is being typed after an @, and where it stands. */
export interface Typed {
  /** What was typed of it, without the @. */
  readonly part: string;
  /** Where the @ stands. */
  readonly from: number;
  readonly to: number;
}

/** The longest name that is looked for. */
const maxLength = 40;

/** typedAt is the mention at the end of which the cursor stands, undefined if it stands in none. */
export function typedAt(text: string, cursor: number): Typed | undefined {
  const line = text.slice(Math.max(0, cursor - maxLength), cursor);
  const match = /(?:^|[\s(])@([\p{L}\p{N}_.'-]*(?: [\p{L}\p{N}_.'-]+)?)$/u.exec(line);
  if (match === null) return undefined;
  const part = match[1]!;
  return { part, from: cursor - part.length - 1, to: cursor };
}

/** matching are the names that begin so, then those of which a later word does. */
export function matching<T extends { readonly name: string }>(from: readonly T[], part: string, most = 6): T[] {
  const wanted = part.toLowerCase();
  const rank = ({ name }: T) => {
    const lower = name.toLowerCase();
    if (lower.startsWith(wanted)) return 0;
    return lower.split(/\s+/).some((word) => word.startsWith(wanted)) ? 1 : 2;
  };
  return from
    .filter((item) => rank(item) < 2)
    .sort((a, b) => rank(a) - rank(b))
    .slice(0, most);
}

/** completed is the text with the whole name, and where the cursor stands then. */
export function completed(text: string, { from, to }: Typed, name: string): { text: string; cursor: number } {
  const rest = text.slice(to);
  const inserted = `@${name}${rest.startsWith(" ") ? "" : " "}`;
  return { text: text.slice(0, from) + inserted + rest, cursor: from + name.length + 2 };
}
