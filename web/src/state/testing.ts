// What the tests of the state share: a server in memory, and things to put into it.
import type { Channel } from "../net/directory";
import type { LogEvent, Page, Post } from "../net/events";
import { CallError, type ChannelChange, type Found, type NewChannel, type OutgoingMessage, type Server } from "../net/server";
import type { Joined, OpenStream, ReadMark, Typing, Unread } from "../net/signals";

/** me is the user in tests. */
export const me = { id: "00000000-0000-4000-8000-00000000000a", name: "Ann" };

/** agent is the agent in tests. */
export const agent = { id: "00000000-0000-4000-8000-00000000000e", name: "Eliza", bio: "", active: true };

/** channel makes a group with this id. */
export function channel(id: string, more: Partial<Channel> = {}): Channel {
  return { id, serverId: "s", name: id, type: "GROUP", metadata: {}, participants: [], updatedAt: 0, ...more };
}

/** lobby is the group that opens at first. */
export const lobby = channel("lobby", { name: "Lobby", participants: [agent.id] });

/** post makes the n-th message of the lobby, by somebody else. */
export function post(n: number, more: Partial<Post> = {}): Post {
  const base = { kind: "post" as const, id: `m${n}`, channelId: "lobby", authorId: "other", authorName: "Ben" };
  return { ...base, text: `text ${n}`, at: n, seq: n, rev: n, ...more };
}

/** joined is an answer to a join. */
export function joined(events: LogEvent[], head: number, truncated = false, streams: OpenStream[] = []): Joined {
  return { events, head, truncated, streams };
}

/** pageOf is a page of history that leaves open what lies around it. */
export function pageOf(events: LogEvent[]): Page {
  return { events, hasOlder: undefined, hasNewer: undefined };
}

/** A server in memory. What a test does not set answers with nothing. */
export class FakeServer implements Server {
  joins: (number | undefined)[] = [];
  answer: Joined | Promise<Joined> = joined([], 0);
  newest: LogEvent[] = [];
  sent: OutgoingMessage[] = [];
  stored: (LogEvent | CallError | Promise<LogEvent>)[] = [];
  channelsMade: NewChannel[] = [];
  changes: ChannelChange[] = [];
  list: Channel[] = [lobby];
  typed: Typing[] = [];
  calls: string[] = [];
  marks: ReadMark[] = [];
  unreads: Unread[] = [];
  found: Found = { events: [], total: 0 };
  /** Names of operations that this server does not know. */
  lacks = new Set<string>();

  /** note counts a call, or refuses it. */
  private note(name: string): void {
    this.calls.push(name);
    if (this.lacks.has(name)) throw new CallError("ABSENT", "This server cannot do that.");
  }

  connect(): void {}
  async agents() {
    return [agent];
  }
  async channels({ type, participantId }: { type?: string; participantId?: string }) {
    const fits = (c: Channel) => participantId === undefined || c.participants.includes(participantId);
    return this.list.filter((c) => (type === undefined || c.type === type) && fits(c));
  }
  async channel(id: string) {
    return this.list.find((c) => c.id === id);
  }
  async createChannel(made: NewChannel) {
    this.channelsMade.push(made);
    return channel("made", { ...made, participants: made.participantCentralUserIds });
  }
  async updateChannel(id: string, change: ChannelChange) {
    this.note("updateChannel");
    this.changes.push(change);
    const old = this.list.find((c) => c.id === id);
    return old === undefined ? undefined : { ...old, name: change.name ?? old.name };
  }
  async deleteChannel() {
    this.note("deleteChannel");
  }
  async join(_: string, __: unknown, after: number | undefined) {
    this.joins.push(after);
    return this.answer;
  }
  async page() {
    return pageOf(this.newest);
  }
  async message(id: string) {
    this.note("message");
    return this.newest.find((event) => event.id === id);
  }
  async search() {
    this.note("search");
    return this.found;
  }
  async send(message: OutgoingMessage) {
    this.sent.push(message);
    const answer = await this.stored.shift();
    if (answer instanceof CallError) throw answer;
    return answer;
  }
  async edit(channelId: string, id: string, content: string) {
    this.note("edit");
    return post(1, { channelId, id, text: content, rev: 100, edited: true, authorId: me.id });
  }
  async remove() {
    this.note("remove");
  }
  async clear() {
    this.note("clear");
  }
  async stop() {
    this.note("stop");
  }
  async startAgent() {
    this.note("startAgent");
  }
  async present() {
    this.note("present");
    return [{ entityId: "other", name: "Ben" }];
  }
  async setRead(mark: ReadMark) {
    this.note("setRead");
    this.marks.push(mark);
  }
  async reads() {
    this.note("reads");
    return [];
  }
  async unread() {
    this.note("unread");
    return this.unreads;
  }
  typing(event: Typing): void {
    this.typed.push(event);
  }
}

/** again lets everything that waits for a resolved answer run. */
export const again = () => new Promise((done) => setTimeout(done, 5));

/** memoryStorage is a Storage for tests. */
export function memoryStorage(): Storage {
  const items = new Map<string, string>();
  return {
    get length() {
      return items.size;
    },
    key: (i) => [...items.keys()][i] ?? null,
    getItem: (name) => items.get(name) ?? null,
    setItem: (name, value) => void items.set(name, value),
    removeItem: (name) => void items.delete(name),
    clear: () => items.clear(),
  };
}
