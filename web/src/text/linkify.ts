/** A piece of a message: plain text, or a link with the text that stands for it. */
export interface Piece {
  readonly text: string;
  readonly href?: string;
}

/** What may be an address. */
const candidates = /\bhttps?:\/\/[^\s<>"'`\u0000-\u001f]+/gi;

/**
 * linkify splits a text at its http and https addresses. The pieces in order are the
 * text, unchanged. Nothing but an address that the URL parser accepts with one of
 * these two schemes, and without a user name in it, becomes a link.
 */
export function linkify(text: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(candidates)) {
    const address = trimmed(match[0]);
    const href = safe(address);
    if (href === undefined) continue;
    if (match.index > end) pieces.push({ text: text.slice(end, match.index) });
    pieces.push({ text: address, href });
    end = match.index + address.length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end) });
  return pieces;
}

/** trimmed leaves out the punctuation of the sentence in which an address stands. */
function trimmed(address: string): string {
  let end = address.length;
  let open = 0;
  for (const c of address) open += c === "(" ? 1 : c === ")" ? -1 : 0;
  for (; end > 0; end--) {
    const last = address.charAt(end - 1);
    if (last === ")" && open < 0) open++;
    else if (!/[.,;:!?*_~\]}]/.test(last)) break;
  }
  return address.slice(0, end);
}

/** safe returns the address as a browser would go to it, undefined if it may not. */
export function safe(address: string): string | undefined {
  try {
    const url = new URL(address);
    const plain = url.username === "" && url.password === "";
    return plain && (url.protocol === "http:" || url.protocol === "https:") ? url.href : undefined;
  } catch {
    return undefined;
  }
}
