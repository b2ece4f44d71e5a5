import { io, type Socket } from "socket.io-client";
import { readAgent, readChannel, type Agent, type Channel, type ChannelType } from "./directory";
import { readClearing, readDeletion, readEvent, readEvents, readPage, type LogEvent, type Page } from "./events";
import { count, each, fields, text } from "./read";
import { CallError, type ChannelChange, type Credentials, type Found, type Listener, type NewChannel } from "./server";
import type { OutgoingMessage, Server, Span } from "./server";
import {
  readChunk,
  readComplaint,
  readCompletion,
  readJoined,
  readMark,
  readMarks,
  readPresence,
  readPresent,
  readStreamFailure,
  readTyping,
  readUnreads,
  type Joined,
  type ReadMark,
  type Typing,
  type Unread,
} from "./signals";

/** How long an ack may take before a call counts as lost. */
const ackTimeout = 10_000;

/** The server's words for a missing or wrong key. */
const refusedKey = "Invalid or missing API Key";

/** The server's words for an operation that it does not have. */
const unknownOperation = /^Unknown event/;

/** Connection is the page's one socket: it reconnects by itself until it is closed. */
export class Connection implements Server {
  private readonly socket: Socket;

  /** The socket does not connect before connect is called. */
  constructor(credentials: () => Credentials, listener: Listener) {
    this.socket = io({
      autoConnect: false,
      transports: ["websocket", "polling"],
      tryAllTransports: true,
      reconnectionDelay: 500,
      reconnectionDelayMax: 5_000,
      auth: (give) => {
        const { entityId, apiKey } = credentials();
        give(apiKey === "" ? { entityId } : { entityId, apiKey });
      },
    });
    this.listen(listener);
  }

  /** connect starts connecting, or tries again at once. */
  connect(): void {
    if (!this.socket.active) this.socket.connect();
    else if (!this.socket.connected) this.socket.disconnect().connect();
  }

  private listen(to: Listener): void {
    const s = this.socket;
    s.on("connect", () => to.connected());
    s.on("disconnect", (reason) => {
      to.disconnected();
      // After this one the client would stay away for good.
      if (reason === "io server disconnect") s.connect();
    });
    s.on("connect_error", (err) => {
      if (err.message === refusedKey) to.keyRefused();
      else {
        to.disconnected();
        if (!s.active) setTimeout(() => s.connect(), 5_000);
      }
    });
    on(s, "messageBroadcast", readEvent, (event) => to.post(event));
    on(s, "messageDeleted", readDeletion, (event) => to.deleted(event));
    on(s, "channelCleared", readClearing, (event) => to.cleared(event));
    on(s, "channelDeleted", readCompletion, ({ channelId }) => to.channelGone(channelId));
    on(s, "typing", readTyping, (event) => to.typingHeard(event));
    on(s, "messageStreamChunk", readChunk, (event) => to.chunkHeard(event));
    on(s, "messageStreamError", readStreamFailure, (event) => to.streamFailed(event));
    on(s, "messageComplete", readCompletion, (event) => to.completed(event));
    on(s, "presence", readPresence, (event) => to.presenceHeard(event));
    on(s, "readUpdated", readMark, (event) => to.readHeard(event));
    on(s, "messageError", readComplaint, (message) => to.complaint(message));
    for (const name of ["channelUpdated", "agentUpdated", "agentRemoved"]) s.on(name, () => to.directoryChanged());
  }

  /** call sends an operation and waits for its ack. It rejects with a CallError. */
  private async call(event: string, payload: object): Promise<unknown> {
    if (!this.socket.connected) throw new CallError("OFFLINE", "Not connected.");
    let answer: Record<string, unknown>;
    try {
      answer = fields(await this.socket.timeout(ackTimeout).emitWithAck(event, payload));
    } catch {
      throw new CallError("LOST", "The server did not answer.");
    }
    if (answer["success"] === true) return answer["data"];
    const error = fields(answer["error"]);
    const message = text(error["message"]) || "The server refused this.";
    if (unknownOperation.test(message)) throw new CallError("ABSENT", "This server cannot do that.");
    throw new CallError(text(error["code"]) || "UNKNOWN", message);
  }

  async agents(): Promise<Agent[]> {
    return each(fields(await this.call("agents:list", {}))["agents"], readAgent);
  }

  async channels(query: { serverId: string; type?: ChannelType; participantId?: string }): Promise<Channel[]> {
    return each(fields(await this.call("channels:list", query))["channels"], readChannel);
  }

  async channel(channelId: string): Promise<Channel | undefined> {
    return readChannel(await this.call("channels:get", { channelId }));
  }

  async createChannel(channel: NewChannel): Promise<Channel | undefined> {
    return readChannel(await this.call("channels:create", channel));
  }

  async updateChannel(channelId: string, change: ChannelChange): Promise<Channel | undefined> {
    return readChannel(await this.call("channels:update", { channelId, ...change }));
  }

  async deleteChannel(channelId: string): Promise<void> {
    await this.call("channels:delete", { channelId });
  }

  async join(channelId: string, me: { id: string; name: string }, after: number | undefined): Promise<Joined> {
    const payload = { channelId, entityId: me.id, ...(me.name === "" ? {} : { name: me.name }) };
    return readJoined(await this.call("channels:join", after === undefined ? payload : { ...payload, after }));
  }

  async page(span: Span): Promise<Page> {
    return readPage(await this.call("messages:list", span));
  }

  async message(messageId: string): Promise<LogEvent | undefined> {
    return readEvent(await this.call("messages:get", { messageId }));
  }

  async search(channelId: string, query: string, limit: number, offset: number): Promise<Found> {
    const data = fields(await this.call("messages:search", { channelId, query, limit, offset }));
    return { events: readEvents(data["messages"]), total: count(data["total"]) };
  }

  async send(message: OutgoingMessage): Promise<LogEvent | undefined> {
    return readEvent(await this.call("messages:send", message));
  }

  async edit(channelId: string, messageId: string, content: string): Promise<LogEvent | undefined> {
    return readEvent(await this.call("messages:update", { channelId, messageId, content }));
  }

  async remove(channelId: string, messageId: string): Promise<void> {
    await this.call("messages:delete", { channelId, messageId });
  }

  async clear(channelId: string): Promise<void> {
    await this.call("messages:clear", { channelId });
  }

  async stop(channelId: string, messageId?: string): Promise<void> {
    await this.call("messages:stop", messageId === undefined ? { channelId } : { channelId, messageId });
  }

  async startAgent(agentId: string): Promise<void> {
    await this.call("agents:start", { agentId });
  }

  async present(channelId: string): Promise<{ entityId: string; name: string }[]> {
    return readPresent(await this.call("presence:list", { channelId }));
  }

  async setRead(mark: ReadMark): Promise<void> {
    await this.call("reads:set", mark);
  }

  async reads(channelId: string): Promise<ReadMark[]> {
    return readMarks(await this.call("reads:list", { channelId }));
  }

  async unread(entityId: string, channelIds: readonly string[]): Promise<Unread[]> {
    return readUnreads(await this.call("reads:unread", { entityId, channelIds }));
  }

  /** typing is told and forgotten: it is not worth a retry. */
  typing(event: Typing): void {
    if (this.socket.connected) this.socket.volatile.emit("typing", event);
  }
}

/** on hands an event to a handler if it can be read, and ignores it otherwise. */
function on<T>(socket: Socket, name: string, read: (value: unknown) => T | undefined, handle: (event: T) => void): void {
  socket.on(name, (payload: unknown) => {
    const event = read(payload);
    if (event !== undefined) handle(event);
  });
}
