import type { Channel } from "../net/directory";
import { CallError, reason, type ChannelChange, type Server } from "../net/server";
import { attempt } from "./abilities";
import { defaultServer, type State } from "./model";
import { defaultChatName, isDefaultName } from "./naming";
import { agentOf, channelOf, directChats, home, logOf } from "./select";
import type { Store } from "./store";

/** Answers that say that a channel is not there; all others leave it open. */
const denials = new Set(["NOT_FOUND", "INVALID_ID", "INVALID_REQUEST", "FORBIDDEN"]);

/** A channel to be made, as far as its maker decides. */
type Wanted = Pick<Channel, "name" | "type" | "participants" | "metadata">;

/** What a Directory needs from the page. */
export interface DirectoryOptions {
  store: Store<State>;
  server: Server;
  open(channelId: string): void;
  /** A channel turned out not to exist, or is no more; says whether the user was told so already. */
  gone(channelId: string): boolean;
  /** The lists were read; own are the channels in which we take part. */
  listed(own: ReadonlySet<string>): void;
  complain(message: string): void;
}

/** Directory knows which agents and channels there are, and makes and changes channels. */
export class Directory {
  private creating: Promise<string> | undefined;
  /** Channels that are gone since a reading of the lists began, by reading: it may still name them. */
  private readonly gone = new Set<Set<string>>();

  constructor(private readonly options: DirectoryOptions) {}

  private get state(): State {
    return this.options.store.get();
  }

  /** refresh reads who and what there is; what was known stays if it fails. */
  async refresh(): Promise<void> {
    const { store, server } = this.options;
    const { me, connection, directory } = this.state;
    if (connection !== "online") return;
    if (directory === "failed") store.set({ directory: "loading" });
    const gone = new Set<string>();
    this.gone.add(gone);
    try {
      const [agents, shared, own] = await Promise.all([
        server.agents(),
        server.channels({ serverId: defaultServer, type: "GROUP" }),
        server.channels({ serverId: defaultServer, participantId: me.id }),
      ]);
      const direct = own.filter(({ type }) => type === "DM");
      const listed = [...shared, ...direct].filter(({ id }) => !gone.has(id)).map((channel) => this.withKnownParticipants(channel));
      const opened = channelOf(this.state, this.state.current);
      // A direct chat of others, opened by its address, is in no list.
      const extra = opened !== undefined && !listed.some((c) => c.id === opened.id) ? [opened] : [];
      store.set({ agents, channels: [...listed, ...extra], directory: "ready" });
      this.options.listed(new Set(own.map(({ id }) => id)));
      await this.openFirst();
    } catch {
      // Without a connection there is a banner, and the reconnect reads it again.
      const { directory, connection } = this.state;
      if (directory !== "ready" && connection === "online") store.set({ directory: "failed" });
    } finally {
      this.gone.delete(gone);
    }
  }

  private withKnownParticipants(channel: Channel): Channel {
    const known = channelOf(this.state, channel.id)?.participants ?? [];
    return channel.participants.length === 0 ? { ...channel, participants: known } : channel;
  }

  /** openFirst opens what the address asks for, else the lobby. */
  async openFirst(): Promise<void> {
    const asked = this.state.current;
    if (asked !== undefined && channelOf(this.state, asked) !== undefined) return;
    if (asked !== undefined) {
      if ((await this.describe(asked)) !== "unknown" || this.state.current !== asked) return;
      if (!this.options.gone(asked)) this.options.complain("There is no such channel.");
    }
    this.openHome();
  }

  /** openHome opens the lobby, or nothing if there is no channel at all. */
  openHome(): void {
    const first = home(this.state.channels);
    if (first !== undefined) this.options.open(first.id);
    else this.options.store.set({ current: undefined });
  }

  /** describe reads one channel with its participants. */
  async describe(channelId: string): Promise<"known" | "unknown" | "unclear"> {
    try {
      const channel = await this.options.server.channel(channelId);
      if (channel !== undefined) this.put(channel);
      return channel === undefined ? "unknown" : "known";
    } catch (err) {
      return err instanceof CallError && denials.has(err.code) ? "unknown" : "unclear";
    }
  }

  private put(channel: Channel): void {
    const { channels } = this.state;
    const known = channels.some((c) => c.id === channel.id);
    this.options.store.set({
      channels: known ? channels.map((c) => (c.id === channel.id ? channel : c)) : [channel, ...channels],
    });
  }

  /** remove takes a channel that is gone out of the lists. */
  remove(channelId: string): void {
    for (const gone of this.gone) gone.add(channelId);
    this.options.store.set({ channels: this.state.channels.filter((channel) => channel.id !== channelId) });
  }

  /** openAgent opens the last used chat with an agent and makes it if there is none. */
  async openAgent(agentId: string): Promise<void> {
    const existing = directChats(this.state, agentId)[0];
    if (existing !== undefined) this.options.open(existing.id);
    else await this.newChat(agentId);
  }

  /** newChat opens a fresh chat with an agent: an untouched one if there is one. */
  async newChat(agentId: string): Promise<void> {
    const untouched = directChats(this.state, agentId).find((chat) => this.isUntouched(chat));
    if (untouched !== undefined) return this.options.open(untouched.id);
    const { me } = this.state;
    const now = new Date();
    const failed = await this.create({
      name: defaultChatName(now),
      type: "DM",
      participants: [me.id, agentId],
      metadata: { isDm: true, user1: me.id, user2: agentId, forAgent: agentId, createdAt: now.toISOString() },
    });
    if (failed !== "") this.options.complain(failed);
  }

  /** openPerson opens the direct chat with somebody and makes it if there is none. */
  async openPerson(id: string, name: string): Promise<void> {
    const existing = directChats(this.state, id)[0];
    if (existing !== undefined) return this.options.open(existing.id);
    const { me } = this.state;
    const failed = await this.create({
      name: `${me.name}, ${name}`,
      type: "DM",
      participants: [me.id, id],
      metadata: { isDm: true, user1: me.id, user2: id, createdAt: new Date().toISOString() },
    });
    if (failed !== "") this.options.complain(failed);
  }

  /** isUntouched says that nobody has written in a chat or named it, as far as it is loaded. */
  private isUntouched(chat: Channel): boolean {
    const log = logOf(this.state, chat.id);
    const waiting = this.state.outbox.some((item) => item.channelId === chat.id);
    return isDefaultName(chat.name) && log.loaded && log.posts.length === 0 && !log.hasOlder && !waiting;
  }

  /**
   * createGroup makes a channel for everybody, in which the named agents and people take
   * part. It returns why that failed, "" if it did not.
   */
  createGroup(name: string, memberIds: readonly string[]): Promise<string> {
    return this.create({ name, type: "GROUP", participants: [this.state.me.id, ...memberIds], metadata: {} });
  }

  /** create makes a channel and opens it. A second call while one is under way is the same. */
  private create(wanted: Wanted): Promise<string> {
    this.creating ??= this.createNow(wanted).finally(() => (this.creating = undefined));
    return this.creating;
  }

  private async createNow({ participants, ...rest }: Wanted): Promise<string> {
    try {
      const made = await this.options.server.createChannel({
        ...rest,
        serverId: defaultServer,
        participantCentralUserIds: participants,
      });
      if (made === undefined) throw new CallError("UNKNOWN", "The server did not say which channel it made.");
      this.put({ ...made, participants: made.participants.length > 0 ? made.participants : participants });
      this.options.open(made.id);
      return "";
    } catch (err) {
      return `The channel could not be opened: ${reason(err)}`;
    }
  }

  /** update renames a channel or changes who takes part. It returns why that failed, "" if it did not. */
  async update(channelId: string, change: ChannelChange): Promise<string> {
    const { store, server } = this.options;
    try {
      const changed = await attempt(store, "members", () => server.updateChannel(channelId, change));
      const before = channelOf(this.state, channelId);
      const participants = change.participantCentralUserIds ?? before?.participants ?? [];
      if (changed !== undefined) this.put({ ...changed, participants });
      return "";
    } catch (err) {
      return `This could not be saved: ${reason(err)}`;
    }
  }

  /** startAgent makes an agent answer that was stopped. */
  async startAgent(agentId: string): Promise<void> {
    const { store, server } = this.options;
    try {
      await attempt(store, "start", () => server.startAgent(agentId));
      await this.refresh();
    } catch (err) {
      this.options.complain(`${agentOf(this.state, agentId)?.name ?? "The agent"} could not be started: ${reason(err)}`);
    }
  }
}
