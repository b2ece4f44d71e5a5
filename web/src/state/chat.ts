import type { Clearing, LogEvent, Post, Tombstone } from "../net/events";
import { holdCookie } from "../net/rest";
import { CallError, reason, type Credentials, type Listener, type Server } from "../net/server";
import type { Chunk, Completion, Joined, Presence, ReadMark, StreamFailure, Typing } from "../net/signals";
import { attempt } from "./abilities";
import { Arrivals } from "./arrivals";
import { Directory } from "./directory";
import { Follower } from "./follower";
import { loadKey, saveKey, saveName, type Identity } from "./identity";
import { Messenger } from "./messenger";
import { initialState, type State } from "./model";
import { Namer } from "./namer";
import { PresenceKeeper } from "./presence";
import { Reads } from "./reads";
import { answering, channelOf, inOrder, shownLog } from "./select";
import { Store } from "./store";
import { loadTheme, paint, saveTheme, type Theme } from "./theme";
import { Turns } from "./turns";

/** How many channels are listened to although they were not opened. */
const maxWatched = 40;

/** How long a change of the lists may wait, in milliseconds: all pages that hear of it should not ask at the same moment. */
const rereadWithin = 300;

/** What Chat talks through. */
interface Transport extends Server {
  connect(): void;
}

/**
 * Chat is the page's model. It ties those together who own a part of it each, and hears
 * what the server says. The UI reads its store and calls its methods and theirs.
 */
export class Chat implements Listener {
  readonly store: Store<State>;
  readonly server: Transport;
  /** Agents and channels. */
  readonly directory: Directory;
  /** What the user writes. */
  readonly messenger: Messenger;
  private readonly follower: Follower;
  private readonly turns: Turns;
  private readonly reads: Reads;
  private readonly presence: PresenceKeeper;
  private readonly namer: Namer;
  private apiKey = loadKey();
  private readonly arrivals = new Arrivals((channelId, events) => this.follower.posts(channelId, events));
  private wishes = 0;
  private rereading: ReturnType<typeof setTimeout> | undefined;
  /** Channels whose end we asked for ourselves. */
  private readonly deleting = new Set<string>();

  /** transport makes the connection; it must not call back before it returns. */
  constructor(me: Identity, transport: (credentials: () => Credentials, listener: Listener) => Transport) {
    const store = new Store(initialState(me, loadTheme()));
    const server = transport(() => ({ entityId: me.id, apiKey: this.apiKey }), this);
    const complain = (message: string) => this.complaint(message);
    this.store = store;
    this.server = server;
    this.turns = new Turns(store);
    this.reads = new Reads(store, server);
    this.presence = new PresenceKeeper(store, server);
    this.follower = new Follower({
      store,
      server,
      apiKey: () => this.apiKey,
      took: (channelId, events, how) => this.took(channelId, events, how),
      vanished: (channelId) => this.vanished(channelId),
      entered: (channelId, answer) => this.entered(channelId, answer),
    });
    this.messenger = new Messenger({
      store,
      server,
      isIn: (channelId) => this.follower.isIn(channelId),
      // It stands at the end, and that is what its writer wants to see.
      sending: (channelId) => this.toLatest(channelId),
      stored: (channelId, event) => this.follower.take(channelId, [event], "live"),
      asked: (channelId, messageId, text) => {
        this.turns.asked(channelId, messageId);
        void this.namer.asked(channelId, text);
      },
      complain,
    });
    this.directory = new Directory({
      store,
      server,
      open: (channelId) => this.open(channelId),
      gone: (channelId) => this.gone(channelId),
      listed: (own) => this.listed(own),
      complain,
    });
    this.namer = new Namer(store, this.directory);
    // What was not sent before a reload goes out, whichever channel is open now.
    for (const item of this.messenger.outbox.list()) this.follower.watch(item.channelId);
  }

  private get state(): State {
    return this.store.get();
  }

  // What the user does.

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

  /** leaving keeps for good what would be lost with the page, which may not come back. */
  leaving(): void {
    this.messenger.save();
    this.reads.leaving();
  }

  /** setName takes the name that the user has chosen. */
  setName(name: string): void {
    saveName(name);
    this.renamed(name);
  }

  /** renamed says that the name was chosen, here or in another tab. */
  renamed(name: string): void {
    this.store.set({ me: { ...this.state.me, name } });
    this.follower.introduce();
    for (const channelId of this.follower.rooms()) this.messenger.outbox.flush(channelId);
  }

  /** setKey connects with this key. */
  setKey(key: string, remember: boolean): void {
    this.apiKey = key;
    saveKey(key, remember);
    this.store.set({ key: "accepted", connection: "connecting" });
    this.server.connect();
  }

  /** hasKey says whether a key is in use. */
  hasKey(): boolean {
    return this.apiKey !== "";
  }

  /** setTheme changes the page's looks. */
  setTheme(theme: Theme): void {
    saveTheme(theme);
    paint(theme);
    this.store.set({ theme });
  }

  /** open shows a channel and follows it from now on. */
  open(channelId: string): void {
    const before = this.state.current;
    if (before === channelId) return this.follower.open(channelId);
    if (before !== undefined) this.follower.leaveWindow(before);
    this.store.set({ current: channelId, editing: undefined, focus: undefined });
    this.reads.opened(channelId);
    this.follower.open(channelId);
    if (this.follower.isIn(channelId)) this.lookAround(channelId);
  }

  /** lookAround asks who is in a channel and what they have read. */
  private lookAround(channelId: string): void {
    void this.directory.describe(channelId);
    void this.presence.read(channelId);
    void this.reads.readers(channelId);
  }

  /** visit opens what an address asks for, which may be no channel of this server. */
  visit(channelId: string): void {
    this.open(channelId);
    // Without a connection, that is found out when the directory is read.
    if (this.state.connection === "online") void this.directory.openFirst();
  }

  /** meet opens a chat with an agent, for somebody who is here for the first time. */
  async meet(): Promise<void> {
    if (this.state.agents.length === 0) await this.directory.refresh();
    const { agents } = this.state;
    const first = agents.find(({ active }) => active) ?? agents[0];
    if (first !== undefined) await this.directory.openAgent(first.id);
  }

  /** step opens the next channel in the order of the side bar, or the one before. */
  step(by: 1 | -1): void {
    const all = inOrder(this.state);
    const i = all.findIndex((channel) => channel.id === this.state.current);
    const next = all[(i + by + all.length) % all.length];
    if (next !== undefined) this.open(next.id);
  }

  /** viewed says that everything in a channel up to a message was looked at. */
  viewed(channelId: string, seq: number): void {
    this.reads.viewed(channelId, seq);
    this.follower.reached(channelId, seq);
  }

  /** loadOlder shows the page before what is shown. */
  loadOlder(channelId: string): void {
    void this.follower.loadOlder(channelId);
  }

  /** loadNewer shows the page after a window of old history. */
  loadNewer(channelId: string): void {
    void this.follower.loadNewer(channelId);
  }

  /** toLatest leaves old history. */
  toLatest(channelId: string): void {
    this.store.set({ focus: undefined });
    this.follower.leaveWindow(channelId);
  }

  /** show brings a message of a channel into view, wherever in the history it stands. */
  async show(channelId: string, messageId: string, seq?: number): Promise<void> {
    try {
      const at = seq ?? this.placeOf(channelId, messageId) ?? (await this.lookUp(messageId)).seq;
      if (!(await this.follower.openAround(channelId, messageId, at))) throw new Error("not there");
      if (this.state.current !== channelId) return this.follower.leaveWindow(channelId);
      this.store.set({ focus: { channelId, messageId, wish: ++this.wishes } });
    } catch {
      this.complaint("This message is not there any more.");
    }
  }

  private placeOf(channelId: string, messageId: string): number | undefined {
    return shownLog(this.state, channelId).entries.get(messageId)?.seq;
  }

  private async lookUp(messageId: string): Promise<LogEvent> {
    const event = await this.server.message(messageId);
    if (event?.kind !== "post") throw new Error("not there");
    return event;
  }

  /** search looks for words in a channel. It rejects like a call. */
  async search(channelId: string, query: string, offset: number): Promise<{ posts: Post[]; total: number }> {
    const found = await attempt(this.store, "search", () => this.server.search(channelId, query, 20, offset));
    return { posts: found.events.filter((event) => event.kind === "post"), total: found.total };
  }

  /** deleteChannel deletes a channel for everybody. It returns why that failed, "" if it did not. */
  async deleteChannel(channelId: string): Promise<string> {
    this.deleting.add(channelId);
    try {
      await attempt(this.store, "delete", () => this.server.deleteChannel(channelId));
      this.channelGone(channelId);
      return "";
    } catch (err) {
      this.deleting.delete(channelId);
      return reason(err);
    }
  }

  /** dismissRescued takes leave of what could not be sent. */
  dismissRescued(): void {
    this.store.set({ rescued: undefined });
  }

  /** dismissNotice takes the remark away. */
  dismissNotice(): void {
    this.store.set({ notice: "" });
  }

  // What its parts tell.

  /** listed listens to all channels, so that what is new in them is counted at once. */
  private listed(own: ReadonlySet<string>): void {
    this.reads.takesPart(own);
    const ids = inOrder(this.state).map((channel) => channel.id);
    for (const id of ids.slice(0, maxWatched)) this.follower.watch(id);
    void this.reads.refresh(ids);
  }

  /** vanished takes leave of a channel if it was deleted while we were away. */
  private async vanished(channelId: string): Promise<boolean> {
    const found = await this.directory.describe(channelId);
    // As long as that is not known, nothing may be sent there: it would make the channel anew.
    if (found === "unclear") throw new CallError("LOST", "It is not known whether the channel is still there.");
    if (found === "known") return false;
    this.channelGone(channelId);
    return true;
  }

  /** gone drops a channel that does not exist; it says whether that was told because of what was not sent. */
  private gone(channelId: string): boolean {
    this.follower.drop(channelId);
    return this.rescue(channelId, "A channel");
  }

  /** rescue offers what was written for a channel that is gone; it says whether there was anything. */
  private rescue(channelId: string, name: string): boolean {
    const text = this.messenger.rescue(channelId);
    if (text === "") return false;
    const { rescued } = this.state;
    const words = rescued === undefined ? `${name} was deleted; what you wrote in it last was not sent.` : "Channels were deleted; what you wrote in them last was not sent.";
    this.store.set({ rescued: { words, text: rescued === undefined ? text : `${rescued.text}\n\n${text}` } });
    return true;
  }

  private entered(channelId: string, answer: Joined): void {
    const { me } = this.state;
    this.messenger.outbox.recognise(
      answer.events.filter((event): event is Post => event.kind === "post" && event.authorId === me.id),
    );
    this.turns.entered(channelId, answer.streams);
    this.reads.entered(channelId, answer.head);
    this.messenger.outbox.flush(channelId);
    if (channelId === this.state.current) this.lookAround(channelId);
  }

  /** took draws the conclusions from messages that do not depend on numbers. */
  private took(channelId: string, events: readonly LogEvent[], how: "live" | "missed" | "page"): void {
    this.messenger.settleOwn(events);
    this.presence.named(events.flatMap((event) => (event.kind === "post" ? [[event.authorId, event.authorName] as const] : [])));
    if (how === "page") return;
    this.turns.took(channelId, events);
    const looking = this.state.current === channelId && document.visibilityState === "visible";
    this.reads.came(channelId, events, looking);
  }

  // What the server says.

  connected(): void {
    this.arrivals.flush();
    this.store.set({ connection: "online", key: "accepted", absent: [] });
    void this.directory.refresh();
    this.follower.connected();
    holdCookie(this.apiKey);
  }

  disconnected(): void {
    this.arrivals.flush();
    this.follower.disconnected();
    this.turns.disconnected();
    this.presence.clear();
    this.store.set({ connection: navigator.onLine === false ? "offline" : "reconnecting" });
  }

  keyRefused(): void {
    this.store.set({ key: this.apiKey === "" ? "missing" : "wrong", connection: "connecting" });
  }

  post(event: LogEvent): void {
    this.arrivals.heard(event);
  }

  deleted(event: Tombstone): void {
    this.arrivals.flush();
    this.follower.deleted(event);
  }

  cleared(event: Clearing): void {
    this.arrivals.flush();
    this.follower.deleted(event);
    this.reads.unmark(event.channelId);
  }

  channelGone(channelId: string): void {
    this.arrivals.flush();
    const channel = channelOf(this.state, channelId);
    if (channel === undefined && !this.follower.follows(channelId)) return;
    this.follower.drop(channelId);
    this.reads.dropped(channelId);
    this.turns.dropped(channelId);
    this.presence.dropped(channelId);
    this.messenger.unreply(channelId);
    this.directory.remove(channelId);
    const open = this.state.current === channelId;
    if (this.deleting.delete(channelId)) this.messenger.forget(channelId);
    else if (!this.rescue(channelId, channel?.name || "A channel") && open) this.complaint("This channel was deleted.");
    if (open) this.directory.openHome();
  }

  /** directoryChanged reads the lists again, once for changes that come together. */
  directoryChanged(): void {
    this.rereading ??= setTimeout(() => {
      this.rereading = undefined;
      void this.directory.refresh();
      const { current } = this.state;
      if (current !== undefined) void this.directory.describe(current);
    }, Math.random() * rereadWithin);
  }

  typingHeard(event: Typing): void {
    this.arrivals.flush();
    this.turns.typing(event);
  }

  chunkHeard(event: Chunk): void {
    this.arrivals.flush();
    if (this.follower.follows(event.channelId)) this.turns.chunk(event, this.follower.isIn(event.channelId));
  }

  streamFailed(event: StreamFailure): void {
    this.arrivals.flush();
    this.turns.failed(event);
  }

  completed(event: Completion): void {
    // Every message is told to be completed; only where somebody answers does the order matter.
    if (answering(this.state, event.channelId)) this.arrivals.flush();
    this.turns.completed(event);
  }

  presenceHeard(event: Presence): void {
    this.presence.heard(event);
  }

  readHeard(event: ReadMark): void {
    this.reads.heard(event);
  }

  complaint(message: string): void {
    this.store.set({ notice: message });
  }
}
