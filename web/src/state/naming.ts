import type { Channel } from "../net/directory";
import { unturned } from "../text/bidi";

/** How long the name may be that a chat is given, and how much of a question is read for it. */
const maxLength = 40;
const readLength = 1_000;

const stamp = new Intl.DateTimeFormat("en-US", {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});

/** defaultChatName is what a new chat is called: the name that other clients give it. */
export function defaultChatName(at: Date): string {
  const part = Object.fromEntries(stamp.formatToParts(at).map(({ type, value }) => [type, value]));
  return `Chat - ${part["month"]} ${part["day"]}, ${part["hour"]}:${part["minute"]}:${part["second"]}`;
}

/** isDefaultName says that nobody has named a chat. */
export function isDefaultName(name: string): boolean {
  return /^Chat - \w{3} \d{1,2}, \d\d:\d\d(:\d\d)?$/.test(name);
}

/** chatName is what a direct chat with an agent is called among the others with it. */
export function chatName({ name }: Pick<Channel, "name">): string {
  return name === "" || isDefaultName(name) ? "New chat" : name;
}

/** nameFrom is a question's beginning, cut at a word and without markup; "" if there are no words. */
export function nameFrom(question: string): string {
  const words = unmarked(unturned(question.slice(0, readLength))).replace(/\s+/g, " ").trim();
  if (words.length <= maxLength) return words;
  // The last word that fits is whole only if a blank follows.
  const end = words.slice(0, maxLength + 1).lastIndexOf(" ");
  const cut = words.slice(0, end > 0 ? end : maxLength - 1).replace(/[\ud800-\udbff]$/, "");
  return `${cut.replace(/[\s.,;:–—-]+$/, "")}…`;
}

/** unmarked is a text without code blocks and the signs of markdown. */
function unmarked(text: string): string {
  const emphasis = /(?<!\w)(\*{1,3}|_{1,3}|~~|`+)(?=\S)(.+?)(?<=\S)\1(?!\w)/g;
  return text
    .replace(/```[\s\S]*?(?:```|$)/g, " ")
    .replace(/!?\[([^\]\n]*)\]\([^)\n]*\)/g, "$1")
    .replace(/^\s*(?:#{1,6}|>|[-*+]|\d+[.)])\s+/gm, "")
    .replace(emphasis, "$2")
    .replace(emphasis, "$2");
}
