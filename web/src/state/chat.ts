import type { Channel, Completion, LogEvent, Post, Tombstone, Typing } from "../net/events";
import { historyPage } from "../net/rest";
import { CallError, type Credentials, type Listener, type OutgoingMessage, type Server } from "../net/socket";
import { Awaited } from "./awaited";
import { loadKey, loadOutbox, newId, saveKey, saveName, saveOutbox, type Identity } from "./identity";
import { advance, broken, merge, withPage, type ChannelLog } from "./log";
import {
  agentOf,
  agentsIn,
  channelOf,
  defaultServer,
  directChat,
  home,
  initialState,
  logOf,
  peerId,
  type State,
} from "./model";
import { Outbox, type OutboxItem } from "./outbox";
import { Store } from "./store";
import { Typists } from "./typists";

/** How many messages a page of history has. */
export const pageSize = 50;

/** How often somebody who goes on typing says so again. */
const typingEvery = 3_000;

/** How long to wait before a join that failed on a living connection is tried again. */
const rejoinAfter = 2_000;

/** What Chat talks through. */
interface Transport extends Server {
  connect(): void;
}

/**
 * Chat is the page's model: it follows the opened channels over every reconnect,
 * keeps their logs complete and sends what the user writes, each message once.
 * The UI reads its store and calls its methods.
 */
export class Chat implements Listener {
  readonly store: Store<State>;
  private readonly server: Transport;
  private readonly outbox: Outbox;
  private readonly typists: Typists;
  private readonly awaited: Awaited;
  private apiKey = loadKey();
  /** Counts connections: what an older one answers is of no use any more. */
  private generation = 0;
  /** The channels opened so far. */
  private readonly followed = new Set<string>();
  /** Those whose room this connection is in. */
  private readonly joined = new Set<string>();
  /** The last rev heard live on this connection, by channel. */
  private readonly live = new Map<string, number>();
  /** The page of history that is being read, by channel; what another one brings is of no use. */
  private readonly reading = new Map<string, symbol>();
  private readonly drafts = new Map<string, string>();
  private readonly typedAt = new Map<string, number>();
  private creating: Promise<string> | undefined;

  /** transport makes the connection; it must not call back before it returns. */
  constructor(me: Identity, transport: (credentials: () => Credentials, listener: Listener) => Transport) {
    this.store = new Store(initialState(me));
    this.typists = new Typists((typists) => this.store.set({ typists }));
    this.awaited = new Awaited((awaited) => this.store.set({ awaited }));
    this.outbox = new Outbox(
      {
        send: (item) => this.deliver(item),
        ready: (channelId) => this.joined.has(channelId) && this.state.me.name !== "",
        wait: (ms) => new Promise((done) => setTimeout(done, ms)),
        changed: (outbox) => {
          this.store.set({ outbox });
          saveOutbox(outbox);
        },
      },
      loadOutbox(),
    );
    this.store.set({ outbox: this.outbox.list() });
    // What was not sent before a reload goes out, whichever channel is open now.
    for (const item of this.outbox.list()) this.followed.add(item.channelId);
    this.server = transport(() => ({ entityId: this.state.me.id, apiKey: this.apiKey }), this);
  }

  private get state(): State {
    return this.store.get();
  }

  /** connect begins, or tries again at once. */
  connect(): void {
    this.server.connect();
  }

  /** networkChanged tells whether the browser has a network at all. */
  networkChanged(online: boolean): void {
    if (this.state.connection === "online") return;
    this.store.set({ connection: online ? "reconnecting" : "offline" });
    if (online) this.server.connect();
  }

  // What the user does.

  setName(name: string): void {
    saveName(name);
    this.renamed(name);
  }

  /** renamed says that the name was chosen, here or in another tab. */
  renamed(name: string): void {
    this.store.set({ me: { ...this.state.me, name } });
    for (const channelId of this.joined) this.outbox.flush(channelId);
  }

  setKey(key: string, remember: boolean): void {
    this.apiKey = key;
    saveKey(key, remember);
    this.store.set({ key: "accepted", connection: "connecting" });
    this.server.connect();
  }

  /** open shows a channel and follows it from now on. */
  open(channelId: string): void {
    this.store.set({ current: channelId, unread: { ...this.state.unread, [channelId]: 0 } });
    if (this.followed.has(channelId)) {
      if (!logOf(this.state, channelId).loaded) void this.loadNewest(channelId);
      return;
    }
    this.followed.add(channelId);
    if (this.state.connection === "online") void this.follow(channelId);
  }

  /** visit opens what an address asks for, which may be no channel of this server. */
  visit(channelId: string): void {
    this.open(channelId);
    // Without a connection, that is found out when the directory is read.
    if (this.state.connection === "online") void this.openFirst();
  }

  /** seen says that the open channel has been looked at. */
  seen(): void {
    const { current, unread } = this.state;
    if (current !== undefined && (unread[current] ?? 0) > 0) this.store.set({ unread: { ...unread, [current]: 0 } });
  }

  /** openAgent opens the direct chat with an agent and makes it if there is none. */
  async openAgent(agentId: string): Promise<void> {
    const existing = directChat(this.state, agentId);
    if (existing !== undefined) return this.open(existing.id);
    const { me } = this.state;
    const failed = await this.create({
      name: agentOf(this.state, agentId)?.name ?? "Direct chat",
      type: "DM",
      participants: [me.id, agentId],
      metadata: { isDm: true, user1: me.id, user2: agentId, forAgent: agentId, createdAt: new Date().toISOString() },
    });
    if (failed !== "") this.complaint(failed);
  }

  /**
   * createGroup makes a channel for everybody, in which the named agents take part. It
   * returns why that failed, "" if it did not.
   */
  createGroup(name: string, agentIds: readonly string[]): Promise<string> {
    return this.create({ name, type: "GROUP", participants: [this.state.me.id, ...agentIds], metadata: {} });
  }

  /** create makes a channel and opens it. A second call while one is under way is the same. */
  private create(c: Pick<Channel, "name" | "type" | "participants" | "metadata">): Promise<string> {
    this.creating ??= this.createNow(c).finally(() => (this.creating = undefined));
    return this.creating;
  }

  private async createNow(c: Pick<Channel, "name" | "type" | "participants" | "metadata">): Promise<string> {
    try {
      const { participants, ...rest } = c;
      const made = await this.server.createChannel({
        ...rest,
        serverId: defaultServer,
        participantCentralUserIds: participants,
      });
      if (made === undefined) throw new CallError("UNKNOWN", "The server did not say which channel it made.");
      this.putChannel({ ...made, participants: made.participants.length > 0 ? made.participants : participants });
      this.open(made.id);
      return "";
    } catch (err) {
      return `The channel could not be opened: ${reason(err)}`;
    }
  }

  /** send puts a message of ours on its way; it is shown at once. */
  send(text: string): void {
    const channelId = this.state.current;
    if (channelId === undefined) return;
    this.typing(channelId, false);
    this.outbox.add(newId(), channelId, text, Date.now());
  }

  retry(clientId: string): void {
    this.outbox.retry(clientId);
  }

  discard(clientId: string): void {
    this.outbox.settle(clientId);
  }

  draft(channelId: string): string {
    return this.drafts.get(channelId) ?? "";
  }

  /** drafted keeps what stands in the composer and tells the others that somebody types. */
  drafted(channelId: string, text: string): void {
    this.drafts.set(channelId, text);
    this.typing(channelId, text.trim() !== "");
  }

  private typing(channelId: string, isTyping: boolean): void {
    const last = this.typedAt.get(channelId);
    if (isTyping ? last !== undefined && Date.now() - last < typingEvery : last === undefined) return;
    if (isTyping) this.typedAt.set(channelId, Date.now());
    else this.typedAt.delete(channelId);
    const { me } = this.state;
    if (this.joined.has(channelId)) this.server.typing({ channelId, senderId: me.id, senderName: me.name, isTyping });
  }

  dismissNotice(): void {
    this.store.set({ notice: "" });
  }

  // The directory: agents and channels.

  /** refresh reads who and what there is; what was known stays if it fails. */
  async refresh(): Promise<void> {
    const { me, connection, directory } = this.state;
    if (connection !== "online") return;
    if (directory === "failed") this.store.set({ directory: "loading" });
    try {
      const [agents, shared, own] = await Promise.all([
        this.server.agents(),
        this.server.channels({ serverId: defaultServer, type: "GROUP" }),
        this.server.channels({ serverId: defaultServer, type: "DM", participantId: me.id }),
      ]);
      const listed = [...shared, ...own].map((channel) => this.withKnownParticipants(channel));
      const opened = channelOf(this.state, this.state.current);
      // A direct chat of others, opened by its address, is in no list.
      const extra = opened !== undefined && !listed.some((c) => c.id === opened.id) ? [opened] : [];
      this.store.set({ agents, channels: [...listed, ...extra], directory: "ready" });
      await this.openFirst();
    } catch {
      // Without a connection there is a banner, and the reconnect reads it again.
      const { directory, connection } = this.state;
      if (directory !== "ready" && connection === "online") this.store.set({ directory: "failed" });
    }
  }

  private withKnownParticipants(channel: Channel): Channel {
    const known = channelOf(this.state, channel.id)?.participants ?? [];
    return channel.participants.length === 0 ? { ...channel, participants: known } : channel;
  }

  /** openFirst opens what the address asks for, else the lobby. */
  private async openFirst(): Promise<void> {
    const asked = this.state.current;
    if (asked !== undefined && channelOf(this.state, asked) !== undefined) return;
    if (asked !== undefined) {
      if ((await this.describe(asked)) !== "unknown" || this.state.current !== asked) return;
      this.followed.delete(asked);
      this.complaint("There is no such channel.");
    }
    const first = home(this.state.channels);
    if (first !== undefined) this.open(first.id);
    else this.store.set({ current: undefined });
  }

  /** describe reads one channel with its participants. */
  private async describe(channelId: string): Promise<"known" | "unknown" | "unclear"> {
    try {
      const channel = await this.server.channel(channelId);
      if (channel !== undefined) this.putChannel(channel);
      return channel === undefined ? "unknown" : "known";
    } catch (err) {
      return isLost(err) ? "unclear" : "unknown";
    }
  }

  private putChannel(channel: Channel): void {
    const { channels } = this.state;
    const known = channels.some((c) => c.id === channel.id);
    this.store.set({
      channels: known ? channels.map((c) => (c.id === channel.id ? channel : c)) : [channel, ...channels],
    });
  }

  // A channel's log.

  /**
   * follow enters a channel's room and closes the gap since the last event seen. What
   * is heard live while the answer is on its way lies beyond the answer's head, so the
   * two together are complete.
   */
  private async follow(channelId: string): Promise<void> {
    const { generation } = this;
    void this.describe(channelId);
    try {
      const { me } = this.state;
      const answer = await this.server.join(channelId, me.id, logOf(this.state, channelId).cursor);
      if (generation !== this.generation) return;
      this.take(channelId, answer.events);
      this.outbox.recognise(answer.events.filter((event): event is Post => this.isMine(event)));
      if (answer.truncated) this.startAgain(channelId, answer.head);
      this.change(channelId, (log) => advance(log, Math.max(answer.head, this.live.get(channelId) ?? 0)));
      this.joined.add(channelId);
      if (!logOf(this.state, channelId).loaded) await this.loadNewest(channelId);
      this.outbox.flush(channelId);
    } catch (err) {
      if (generation !== this.generation) return;
      if (isLost(err)) this.rejoinLater(channelId, generation);
      else this.setHistory(channelId, { failed: reason(err) });
    }
  }

  private rejoinLater(channelId: string, generation: number): void {
    setTimeout(() => {
      if (generation === this.generation && this.state.connection === "online") void this.follow(channelId);
    }, rejoinAfter);
  }

  /** loadNewest shows the newest page. */
  private async loadNewest(channelId: string): Promise<void> {
    await this.load(channelId, async () => {
      try {
        return await this.server.newestPage(channelId, pageSize);
      } catch (err) {
        if (err instanceof CallError && err.code === "PAYLOAD_TOO_LARGE") return historyPage(channelId, null, pageSize, this.apiKey);
        throw err;
      }
    });
  }

  /** loadOlder shows the page before what is shown, or tries a failed page again. */
  async loadOlder(channelId: string): Promise<void> {
    const log = logOf(this.state, channelId);
    if (!log.loaded) return this.joined.has(channelId) ? this.loadNewest(channelId) : this.follow(channelId);
    if (log.hasOlder) await this.load(channelId, () => historyPage(channelId, log.floor, pageSize, this.apiKey));
  }

  private async load(channelId: string, read: () => Promise<LogEvent[]>): Promise<void> {
    if (this.reading.has(channelId)) return;
    const page = Symbol();
    this.reading.set(channelId, page);
    this.setHistory(channelId, "loading");
    try {
      const events = await read();
      this.settleOwn(events);
      if (this.reading.get(channelId) !== page) return;
      this.change(channelId, (log) => withPage(log, events, pageSize));
      this.setHistory(channelId, "idle");
    } catch (err) {
      if (this.reading.get(channelId) === page) this.setHistory(channelId, { failed: reason(err) });
    } finally {
      if (this.reading.get(channelId) === page) this.reading.delete(channelId);
    }
  }

  /** startAgain forgets history up to head; a page of it that is on its way is of no use. */
  private startAgain(channelId: string, head: number): void {
    this.reading.delete(channelId);
    this.change(channelId, (log) => broken(log, head));
  }

  private setHistory(channelId: string, what: State["history"][string]): void {
    this.store.set({ history: { ...this.state.history, [channelId]: what } });
  }

  private change(channelId: string, how: (log: ChannelLog) => ChannelLog): void {
    const before = logOf(this.state, channelId);
    const after = how(before);
    if (after !== before) this.store.set({ logs: { ...this.state.logs, [channelId]: after } });
  }

  /** take merges events and draws the conclusions that do not depend on numbers. */
  private take(channelId: string, events: readonly LogEvent[]): void {
    this.settleOwn(events);
    this.change(channelId, (log) => merge(log, events));
    for (const event of events) {
      if (event.kind !== "post") continue;
      this.typists.stopped(channelId, event.authorId);
      if (event.inReplyTo !== undefined) this.awaited.end(channelId, event.inReplyTo);
    }
  }

  private isMine(event: LogEvent): boolean {
    return event.kind === "post" && event.authorId === this.state.me.id;
  }

  private settleOwn(events: readonly LogEvent[]): void {
    for (const event of events) {
      if (event.kind === "post" && event.clientId !== undefined && this.isMine(event)) this.outbox.settle(event.clientId);
    }
  }

  /** deliver sends one message of the outbox. */
  private async deliver(item: OutboxItem): Promise<void> {
    const channel = channelOf(this.state, item.channelId);
    const stored = await this.server.send(this.outgoing(item, channel));
    if (stored === undefined) return;
    const direct = channel !== undefined && peerId(channel, this.state.me.id) !== undefined;
    if (direct && agentsIn(this.state, channel).length > 0) this.awaited.begin(item.channelId, stored.id);
    this.take(item.channelId, [stored.kind === "post" ? { ...stored, clientId: item.clientId } : stored]);
  }

  private outgoing(item: OutboxItem, channel: Channel | undefined): OutgoingMessage {
    const { me } = this.state;
    const peer = channel && peerId(channel, me.id);
    const direct = channel?.type === "DM";
    return {
      channelId: item.channelId,
      serverId: channel?.serverId || defaultServer,
      senderId: me.id,
      senderName: me.name,
      message: item.text,
      messageId: item.clientId,
      source: direct ? "client_chat" : "client_group_chat",
      metadata: {
        channelType: direct ? "DM" : "GROUP",
        ...(direct ? { isDm: true } : {}),
        ...(peer === undefined ? {} : { targetUserId: peer }),
      },
    };
  }

  // What the server says.

  connected(): void {
    this.generation++;
    this.joined.clear();
    this.live.clear();
    this.store.set({ connection: "online", key: "accepted" });
    void this.refresh();
    for (const channelId of this.followed) void this.follow(channelId);
  }

  disconnected(): void {
    this.generation++;
    this.joined.clear();
    this.typists.clear();
    this.store.set({ connection: navigator.onLine === false ? "offline" : "reconnecting" });
  }

  keyRefused(): void {
    this.store.set({ key: this.apiKey === "" ? "missing" : "wrong", connection: "connecting" });
  }

  post(event: LogEvent): void {
    const { channelId } = event;
    if (!this.followed.has(channelId)) return;
    const known = logOf(this.state, channelId).entries.has(event.id);
    this.take(channelId, [event]);
    this.heard(channelId, event.rev);
    const looking = this.state.current === channelId && document.visibilityState === "visible";
    if (known || looking || this.isMine(event)) return;
    const { unread } = this.state;
    this.store.set({ unread: { ...unread, [channelId]: (unread[channelId] ?? 0) + 1 } });
  }

  deleted(event: Tombstone): void {
    if (!this.followed.has(event.channelId)) return;
    this.change(event.channelId, (log) => merge(log, [event]));
    this.heard(event.channelId, event.rev);
  }

  /** heard moves the cursor, unless a join is under way whose gap is not closed yet. */
  private heard(channelId: string, rev: number): void {
    this.live.set(channelId, Math.max(rev, this.live.get(channelId) ?? 0));
    if (this.joined.has(channelId)) this.change(channelId, (log) => advance(log, rev));
  }

  cleared(channelId: string): void {
    if (!this.followed.has(channelId)) return;
    this.startAgain(channelId, Number.POSITIVE_INFINITY);
    void this.loadNewest(channelId);
  }

  channelGone(channelId: string): void {
    const { [channelId]: _, ...logs } = this.state.logs;
    this.followed.delete(channelId);
    this.joined.delete(channelId);
    this.outbox.dropChannel(channelId);
    this.store.set({ logs, channels: this.state.channels.filter((channel) => channel.id !== channelId) });
    if (this.state.current !== channelId) return;
    this.complaint("This channel was deleted.");
    const first = home(this.state.channels);
    if (first !== undefined) this.open(first.id);
    else this.store.set({ current: undefined });
  }

  directoryChanged(): void {
    void this.refresh();
    const { current } = this.state;
    if (current !== undefined) void this.describe(current);
  }

  typingHeard(event: Typing): void {
    if (event.senderId !== this.state.me.id) {
      this.typists.heard(event, agentOf(this.state, event.senderId) !== undefined);
    }
  }

  completed({ channelId, messageId, agentId }: Completion): void {
    this.awaited.end(channelId, messageId);
    if (agentId !== undefined) this.typists.stopped(channelId, agentId);
  }

  complaint(message: string): void {
    this.store.set({ notice: message });
  }
}

/** isLost says that no answer came, so that trying again makes sense. */
function isLost(err: unknown): boolean {
  return err instanceof CallError && (err.code === "LOST" || err.code === "OFFLINE");
}

/** reason is an error in words for the user. */
function reason(err: unknown): string {
  return err instanceof CallError ? err.message : "Something went wrong.";
}
