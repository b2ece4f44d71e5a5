import type { Agent, Channel } from "../net/directory";
import type { Post } from "../net/events";
import { emptyLog, type ChannelLog } from "./log";
import type { State, Typist } from "./model";
import type { OutboxItem } from "./outbox";

/** The group that is open at first. */
const lobby = "Lobby";

/** None is the one empty list, so that picking nothing twice picks the same. */
const none: readonly never[] = [];

/** logOf is what is known of a channel. */
export function logOf(state: State, channelId: string): ChannelLog {
  return state.logs[channelId] ?? emptyLog;
}

/** shownLog is what is shown of a channel: a window of old history, else its log. */
export function shownLog(state: State, channelId: string): ChannelLog {
  return state.windows[channelId] ?? logOf(state, channelId);
}

/** typistsOf are those who type in a channel. */
export function typistsOf(state: State, channelId: string): readonly Typist[] {
  return state.typists[channelId] ?? none;
}

/** streamsOf are the answers that are being written in a channel. */
export function streamsOf(state: State, channelId: string): NonNullable<State["streams"][string]> {
  return state.streams[channelId] ?? none;
}

/** channelOf finds a channel. */
export function channelOf(state: State, channelId: string | undefined): Channel | undefined {
  return state.channels.find((channel) => channel.id === channelId);
}

/** agentOf finds an agent. */
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

/** directChats are the direct chats with somebody, the last used first. */
export function directChats(state: State, withId: string): Channel[] {
  return state.channels
    .filter((channel) => peerId(channel, state.me.id) === withId)
    .sort((a, b) => lastUsed(state, b) - lastUsed(state, a));
}

/** lastUsed is when something was last written in a channel, as far as that is known. */
function lastUsed(state: State, channel: Channel): number {
  return Math.max(channel.updatedAt, logOf(state, channel.id).posts.at(-1)?.at ?? 0);
}

/** otherChats are direct chats with nobody who is among the agents. */
export function otherChats(state: State): Channel[] {
  return state.channels.filter(
    (channel) => channel.type === "DM" && agentOf(state, peerId(channel, state.me.id)) === undefined,
  );
}

/** titleOf is what a channel is called on this page: a direct chat is called after the other. */
export function titleOf(state: State, channel: Channel): string {
  const peer = peerId(channel, state.me.id);
  const named = peer === undefined ? channel.name : otherPart(channel, state);
  return agentOf(state, peer)?.name || state.people[peer ?? ""] || named || "Untitled";
}

/** otherPart is what is left of a direct chat's name, which is made of two, without ours. */
function otherPart({ name, metadata }: Channel, { me }: State): string {
  const parts = name.split(", ");
  if (parts.length !== 2) return name;
  // Our name may be another one by now; whoever made the chat stands first.
  if (parts[0] === me.name || metadata["user1"] === me.id) return parts[1]!;
  return parts[1] === me.name || metadata["user2"] === me.id ? parts[0]! : name;
}

/** agentsIn are the agents that take part in a channel. */
export function agentsIn(state: State, channel: Channel): Agent[] {
  const peer = peerId(channel, state.me.id);
  return state.agents.filter((agent) => agent.id === peer || channel.participants.includes(agent.id));
}

/** Somebody in a channel. */
export interface Person {
  readonly id: string;
  readonly name: string;
}

/** peopleIn are those who are there or have written lately, without us and agents. */
export function peopleIn(state: State, channelId: string, posts: readonly Post[]): Person[] {
  const seen = new Map<string, string>();
  const add = (id: string, name: string) => {
    if (id !== state.me.id && !seen.has(id) && name !== "" && !agentOf(state, id)) seen.set(id, name);
  };
  for (const id of state.present[channelId] ?? []) add(id, state.people[id] ?? "");
  const oldest = Math.max(0, posts.length - 300);
  for (let i = posts.length - 1; i >= oldest && seen.size < 12; i--) add(posts[i]!.authorId, posts[i]!.authorName);
  for (const id of channelOf(state, channelId)?.participants ?? []) add(id, state.people[id] ?? "");
  return [...seen].map(([id, name]) => ({ id, name }));
}

/** isPresent says whether somebody has any channel open that we know of. */
export function isPresent(state: State, id: string | undefined): boolean {
  return id !== undefined && Object.values(state.present).some((ids) => ids.includes(id));
}

/** pendingIn are the messages on their way, without those that the log shows already. */
export function pendingIn(outbox: readonly OutboxItem[], channelId: string, log: ChannelLog): OutboxItem[] {
  return outbox.filter(
    (item) => item.channelId === channelId && !(item.likelyId !== undefined && log.entries.has(item.likelyId)),
  );
}

/** answering says whether an agent works for us or others in a channel, so that it can be stopped. */
export function answering(state: State, channelId: string): boolean {
  const waits = (state.awaited[channelId] ?? none).length > 0 && channelOf(state, channelId) !== undefined;
  return (
    waits || streamsOf(state, channelId).length > 0 || typistsOf(state, channelId).some((t) => agentOf(state, t.id) !== undefined)
  );
}

/** home is the channel to open when none is asked for. */
export function home(channels: readonly Channel[]): Channel | undefined {
  return groups(channels)[0];
}

/** inOrder are all channels as the side bar lists them. */
export function inOrder(state: State): Channel[] {
  return [...groups(state.channels), ...state.agents.flatMap((agent) => directChats(state, agent.id)), ...otherChats(state)];
}
