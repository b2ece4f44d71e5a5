/** The longest text that is read as markdown; longer ones are shown as they are. */
const maxLength = 20_000;

/** How many signs that may be markup a text may have, in all and on one line. */
const maxSigns = 3_000;
const maxSignsOnLine = 600;

/** How deep quotes and lists may be nested. */
const maxDepth = 12;

/** A text that is longer, or has more lines, is collapsed at first. */
const longText = 4_000;
const longLines = 40;

/** What may be markup at all. */
const sign = /[*_`~[\]()<>#|\\!-]/g;

/** Whether a text has anything in it that markdown shows in another way. */
const special = /[*_`~[\]<>#|\\@&]|^\s*(?:[-+]|\d+[.)])\s|https?:|www\.|^\s*(?:---|===)|^(?: {4}|\t)/m;

/** isPlain says that a text looks the same with and without markdown. */
export function isPlain(text: string): boolean {
  return !special.test(text);
}

/** isReadable says that reading a text as markdown costs little, whoever wrote it. */
export function isReadable(text: string): boolean {
  if (text.length > maxLength) return false;
  let all = 0;
  for (const line of text.split("\n")) {
    const here = line.match(sign)?.length ?? 0;
    all += here;
    if (here > maxSignsOnLine || all > maxSigns || depthOf(line) > maxDepth) return false;
  }
  return true;
}

/** depthOf is how deep a line is nested, at most. */
function depthOf(line: string): number {
  const lead = /^[\s>*+-]*/.exec(line)![0];
  const marks = lead.match(/[>*+-]/g)?.length ?? 0;
  if (marks === 0) return 0;
  // A rule or an emphasis is a row of equal signs, not a nest.
  const row = /^\s*(?:-[\s-]*|\*[\s*]*)$|^\s*\*{1,3}\S/.test(line);
  return Math.max(row ? 0 : marks, Math.floor((lead.length - marks) / 4));
}

/** isLong says that a text is better collapsed at first. */
export function isLong(text: string): boolean {
  if (text.length > longText) return true;
  let lines = 0;
  for (let i = text.indexOf("\n"); i >= 0; i = text.indexOf("\n", i + 1)) if (++lines > longLines) return true;
  return false;
}

/** How much more of a text is shown each time that more is asked for. */
const step = 20_000;

/** isWhole says that nothing of a text is left out after so many times. */
export function isWhole(text: string, times: number): boolean {
  return text.length <= times * step;
}

/**
 * beginningOf is what is shown of a long text after more was asked for so many times. It
 * is cut between characters, and before a word, which might be an address.
 */
export function beginningOf(text: string, times = 0): string {
  const length = times === 0 ? longText : times * step;
  if (text.length <= length) return text;
  const cut = text.slice(0, length).replace(/[\ud800-\udbff]$/, "");
  const word = /\S{0,300}$/.exec(cut)!.index;
  return word > 0 && /\s/.test(cut.charAt(word - 1)) ? cut.slice(0, word) : cut;
}
