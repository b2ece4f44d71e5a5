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

/** beginningOf is the first part of a long text, cut between characters. */
export function beginningOf(text: string): string {
  return text.slice(0, longText).replace(/[\ud800-\udbff]$/, "");
}
