import type { Agent, Channel } from "../net/directory";
import type { OpenStream } from "../net/signals";
import type { Identity } from "./identity";
import type { ChannelLog } from "./log";
import type { OutboxItem } from "./outbox";
import type { Outcome } from "./outcomes";
import type { Theme } from "./theme";

/** What a server may be unable to do; the page then does without. */
export type Ability = "clear" | "delete" | "edit" | "members" | "presence" | "reads" | "remove" | "search" | "start" | "stop";

/** The server whose channels the page shows. */
export const defaultServer = "00000000-0000-0000-0000-000000000000";

/** Somebody who types, or an agent at work. */
export interface Typist {
  readonly id: string;
  readonly name: string;
}

/** What goes on with a piece of history; a text is why it failed. */
export type Progress = "idle" | "loading" | { readonly failed: string };

/** A message that is being replied to. */
export interface Quoted {
  readonly id: string;
  readonly authorName: string;
  readonly text: string;
}

/** A place in a channel that is to be shown. */
export interface Focus {
  readonly channelId: string;
  readonly messageId: string;
  /** Tells one wish from the next for the same message. */
  readonly wish: number;
}

/** What was written for a channel that is gone, and what is said of that. */
export interface Rescued {
  readonly words: string;
  readonly text: string;
}

/** PerChannel is something known by channel id. */
export type PerChannel<T> = Readonly<Record<string, T>>;

/** Everything that is shown. It is never changed in place. */
export interface State {
  readonly me: Identity;
  readonly connection: "connecting" | "online" | "reconnecting" | "offline";
  /** Whether the server wants a key, and whether the last one was wrong. */
  readonly key: "accepted" | "missing" | "wrong";
  readonly directory: "loading" | "ready" | "failed";
  readonly agents: readonly Agent[];
  readonly channels: readonly Channel[];
  /** The open channel. */
  readonly current: string | undefined;
  readonly logs: PerChannel<ChannelLog>;
  /** Old history that is shown instead of the log, where a message was looked up. */
  readonly windows: PerChannel<ChannelLog>;
  readonly history: PerChannel<Progress>;
  readonly outbox: readonly OutboxItem[];
  readonly typists: PerChannel<readonly Typist[]>;
  readonly streams: PerChannel<readonly OpenStream[]>;
  /** Messages of ours to which an answer is awaited. */
  readonly awaited: PerChannel<readonly string[]>;
  /** Why messages were not answered, by the message. */
  readonly outcomes: Readonly<Record<string, Outcome>>;
  readonly unread: PerChannel<number>;
  /** Up to which seq each reader has read, by reader. */
  readonly reads: PerChannel<Readonly<Record<string, number>>>;
  /** The seq after which the line of new messages stands. */
  readonly marks: PerChannel<number>;
  /** Who has a channel open. */
  readonly present: PerChannel<readonly string[]>;
  /** What everybody is called who was heard of. */
  readonly people: Readonly<Record<string, string>>;
  readonly replying: PerChannel<Quoted>;
  /** The message that is being edited. */
  readonly editing: string | undefined;
  readonly focus: Focus | undefined;
  /** What this server cannot do, as far as that was found out. */
  readonly absent: readonly Ability[];
  readonly theme: Theme;
  /** A passing remark on something that did not work. */
  readonly notice: string;
  /** What the user wrote and cannot send any more, until they take leave of it. */
  readonly rescued: Rescued | undefined;
}

/** initialState is the page before anything was heard. */
export function initialState(me: Identity, theme: Theme = "system"): State {
  return {
    me,
    connection: "connecting",
    key: "accepted",
    directory: "loading",
    agents: [],
    channels: [],
    current: undefined,
    logs: {},
    windows: {},
    history: {},
    outbox: [],
    typists: {},
    streams: {},
    awaited: {},
    outcomes: {},
    unread: {},
    reads: {},
    marks: {},
    present: {},
    people: {},
    replying: {},
    editing: undefined,
    focus: undefined,
    absent: [],
    theme,
    notice: "",
    rescued: undefined,
  };
}
