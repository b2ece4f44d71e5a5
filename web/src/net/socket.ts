import { io, type Socket } from "socket.io-client";
import {
  fields,
  list,
  readAgent,
  readChannel,
  readComplaint,
  readCompletion,
  readDeletion,
  readEvent,
  readEvents,
  readJoined,
  readTyping,
  text,
  type Agent,
  type Channel,
  type ChannelType,
  type Completion,
  type Joined,
  type LogEvent,
  type Tombstone,
  type Typing,
} from "./events";

/** How long an ack may take before a call counts as lost. */
const ackTimeout = 10_000;

/** The server's words for a missing or wrong key. */
const refusedKey = "Invalid or missing API Key";

/**
 * A failed call. The codes LOST and OFFLINE are ours: no answer came, so the call may
 * or may not have had its effect.
 */
export class CallError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = "CallError";
  }
}

/** What the page is told, apart from answers to its own calls. */
export interface Listener {
  connected(): void;
  /** The connection is gone; the client tries again by itself. */
  disconnected(): void;
  /** The server wants a key, or another one. It is not tried again by itself. */
  keyRefused(): void;
  post(event: LogEvent): void;
  deleted(event: Tombstone): void;
  cleared(channelId: string): void;
  channelGone(channelId: string): void;
  directoryChanged(): void;
  typingHeard(event: Typing): void;
  completed(event: Completion): void;
  /** The server complains about something that no call is waiting for. */
  complaint(message: string): void;
}

/** Who connects; asked anew at every attempt. */
export interface Credentials {
  entityId: string;
  apiKey: string;
}

export interface NewChannel {
  name: string;
  serverId: string;
  type: ChannelType;
  participantCentralUserIds: string[];
  metadata: Record<string, unknown>;
}

export interface OutgoingMessage {
  channelId: string;
  serverId: string;
  senderId: string;
  senderName: string;
  message: string;
  messageId: string;
  source: string;
  metadata: Record<string, unknown>;
}

/** The server, as far as the state of the page needs it. Tests hand in another one. */
export interface Server {
  agents(): Promise<Agent[]>;
  channels(query: { serverId: string; type?: ChannelType; participantId?: string }): Promise<Channel[]>;
  channel(channelId: string): Promise<Channel | undefined>;
  createChannel(channel: NewChannel): Promise<Channel | undefined>;
  join(channelId: string, entityId: string, after: number | undefined): Promise<Joined>;
  leave(channelId: string): Promise<void>;
  newestPage(channelId: string, limit: number): Promise<LogEvent[]>;
  send(message: OutgoingMessage): Promise<LogEvent | undefined>;
  typing(event: Typing): void;
}

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
    on(s, "typing", readTyping, (event) => to.typingHeard(event));
    on(s, "messageComplete", readCompletion, (event) => to.completed(event));
    on(s, "channelCleared", readCompletion, ({ channelId }) => to.cleared(channelId));
    on(s, "channelDeleted", readCompletion, ({ channelId }) => to.channelGone(channelId));
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
    throw new CallError(text(error["code"]) || "UNKNOWN", text(error["message"]) || "The server refused this.");
  }

  async agents(): Promise<Agent[]> {
    const data = fields(await this.call("agents:list", {}));
    return list(data["agents"]).flatMap((item) => readAgent(item) ?? []);
  }

  async channels(query: { serverId: string; type?: ChannelType; participantId?: string }): Promise<Channel[]> {
    const data = fields(await this.call("channels:list", query));
    return list(data["channels"]).flatMap((item) => readChannel(item) ?? []);
  }

  async channel(channelId: string): Promise<Channel | undefined> {
    return readChannel(await this.call("channels:get", { channelId }));
  }

  async createChannel(channel: NewChannel): Promise<Channel | undefined> {
    return readChannel(await this.call("channels:create", channel));
  }

  async join(channelId: string, entityId: string, after: number | undefined): Promise<Joined> {
    const payload = after === undefined ? { channelId, entityId } : { channelId, entityId, after };
    return readJoined(await this.call("channels:join", payload));
  }

  async leave(channelId: string): Promise<void> {
    await this.call("channels:leave", { channelId });
  }

  async newestPage(channelId: string, limit: number): Promise<LogEvent[]> {
    return readEvents(fields(await this.call("messages:list", { channelId, limit }))["messages"]);
  }

  async send(message: OutgoingMessage): Promise<LogEvent | undefined> {
    return readEvent(await this.call("messages:send", message));
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
