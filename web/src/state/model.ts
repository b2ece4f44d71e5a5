import type { Agent, Channel, Post } from "../net/events";
import type { Identity } from "./identity";
import { emptyLog, type ChannelLog } from "./log";
import type { OutboxItem } from "./outbox";

/** The server whose channels the page shows. */
export const defaultServer = "00000000-0000-0000-0000-000000000000";

/** The group that is open at first. */
const lobby = "Lobby";

/** Somebody who types, or an agent at work. */
export interface Typist {
  readonly id: string;
  readonly name: string;
}

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
  readonly logs: Readonly<Record<string, ChannelLog>>;
  /** What goes on with a channel's history; a string is why it failed. */
  readonly history: Readonly<Record<string, "idle" | "loading" | { readonly failed: string }>>;
  readonly outbox: readonly OutboxItem[];
  readonly typists: Readonly<Record<string, readonly Typist[]>>;
  /** Messages of ours to which an answer is awaited, by channel. */
  readonly awaited: Readonly<Record<string, readonly string[]>>;
  readonly unread: Readonly<Record<string, number>>;
  /** A passing remark on something that did not work. */
  readonly notice: string;
}

export function initialState(me: Identity): State {
  return {
    me,
    connection: "connecting",
    key: "accepted",
    directory: "loading",
    agents: [],
    channels: [],
    current: undefined,
    logs: {},
    history: {},
    outbox: [],
    typists: {},
    awaited: {},
    unread: {},
    notice: "",
  };
}

/** None is the one empty list, so that picking nothing twice picks the same. */
const none: readonly never[] = [];

export function logOf(state: State, channelId: string): ChannelLog {
  return state.logs[channelId] ?? emptyLog;
}

export function typistsOf(state: State, channelId: string): readonly Typist[] {
  return state.typists[channelId] ?? none;
}

export function channelOf(state: State, channelId: string | undefined): Channel | undefined {
  return state.channels.find((channel) => channel.id === channelId);
}

export function agentOf(state: State, id: string | undefined): Agent | undefined {
  return state.agents.find((agent) => agent.id === id);
}

/** groups are the channels for everybody, the lobby first, then by name. */
export function groups(channels: readonly Channel[]): Channel[] {
  const rank = (channel: Channel) => (channel.name === lobby ? 0 : 1);
  return channels
    .filter((channel) => channel.type === "GROUP")
    .sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name) || a.id.localeCompare(b.id));
}

/** peerId is the other party of a direct chat, undefined in a group. */
export function peerId(channel: Channel, me: string): string | undefined {
  if (channel.type !== "DM") return undefined;
  const { forAgent, user1, user2, targetUserId } = channel.metadata;
  const named = [forAgent, user2, user1, targetUserId, ...channel.participants];
  return named.find((id): id is string => typeof id === "string" && id !== "" && id !== me);
}

/** directChat is the newest direct chat with somebody; the server lists the last used first. */
export function directChat(state: State, withId: string): Channel | undefined {
  return state.channels.find((channel) => peerId(channel, state.me.id) === withId);
}

/** otherChats are direct chats with nobody who is among the agents. */
export function otherChats(state: State): Channel[] {
  return state.channels.filter(
    (channel) => channel.type === "DM" && agentOf(state, peerId(channel, state.me.id)) === undefined,
  );
}

/** titleOf is what a channel is called on this page. */
export function titleOf(state: State, channel: Channel): string {
  const peer = agentOf(state, peerId(channel, state.me.id));
  return peer?.name || channel.name || "Untitled";
}

/** agentsIn are the agents that take part in a channel. */
export function agentsIn(state: State, channel: Channel): Agent[] {
  const peer = peerId(channel, state.me.id);
  return state.agents.filter((agent) => agent.id === peer || channel.participants.includes(agent.id));
}

/** peopleIn names those who have written lately, the last first, without us and agents. */
export function peopleIn(state: State, posts: readonly Post[]): string[] {
  const seen = new Map<string, string>();
  for (let i = posts.length - 1; i >= 0 && seen.size < 12; i--) {
    const post = posts[i]!;
    if (post.authorId === state.me.id || seen.has(post.authorId) || agentOf(state, post.authorId)) continue;
    seen.set(post.authorId, post.authorName || "Somebody");
  }
  return [...seen.values()];
}

/** pendingIn are the messages on their way, without those that the log shows already. */
export function pendingIn(outbox: readonly OutboxItem[], channelId: string, log: ChannelLog): OutboxItem[] {
  return outbox.filter(
    (item) => item.channelId === channelId && !(item.likelyId !== undefined && log.entries.has(item.likelyId)),
  );
}

/** home is the channel to open when none is asked for. */
export function home(channels: readonly Channel[]): Channel | undefined {
  return groups(channels)[0];
}
