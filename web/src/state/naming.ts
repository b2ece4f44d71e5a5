import type { Channel } from "../net/directory";
import { unturned } from "../text/bidi";
import { can } from "./abilities";
import type { Directory } from "./directory";
import type { State } from "./model";
import { channelOf, logOf } from "./select";
import type { Store } from "./store";

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

/** Namer names chats with an agent after their first question, unless somebody has named them. */
export class Namer {
  /** Chats that were tried: one that cannot be named is not tried at every message. */
  private readonly tried = new Set<string>();

  constructor(
    private readonly store: Store<State>,
    private readonly directory: Pick<Directory, "describe" | "update">,
  ) {}

  /** asked is told of every message of ours in such a chat. */
  async asked(channelId: string, text: string): Promise<void> {
    if (this.tried.has(channelId) || !this.isUnnamed(channelId)) return;
    const name = nameFrom(this.firstOf(channelId) ?? text);
    if (name === "") return;
    this.tried.add(channelId);
    // Somebody may have named it a moment ago.
    if ((await this.directory.describe(channelId)) !== "known" || !this.isUnnamed(channelId)) return;
    await this.directory.update(channelId, { name });
  }

  private isUnnamed(channelId: string): boolean {
    const state = this.store.get();
    return can(state, "members") && isDefaultName(channelOf(state, channelId)?.name ?? "");
  }

  /** firstOf is our first message in a chat, undefined if there is none or it is not loaded. */
  private firstOf(channelId: string): string | undefined {
    const state = this.store.get();
    const log = logOf(state, channelId);
    return log.loaded && !log.hasOlder ? log.posts.find((post) => post.authorId === state.me.id)?.text : undefined;
  }
}
