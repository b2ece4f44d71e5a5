// Takes the network away from the official client and gives it back, with the client's
// default options (long-polling first, then an upgrade), over WebSocket and over
// long-polling. The client never joins a channel twice: what brings it back into its rooms,
// and tells it what it missed, is connection state recovery alone.
// Usage: node recover.mjs http://127.0.0.1:3000 [long]
import { randomUUID } from "node:crypto";
import net from "node:net";
import { io } from "socket.io-client";
import { check, connect, finish, next, sendPayload } from "./lib.mjs";

const [url, long] = process.argv.slice(2);
const upstream = new URL(url);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const quick = { reconnectionDelay: 20, reconnectionDelayMax: 100 };

/** A network between a client and the server, that can be cut, go silent and come back. */
class Network {
  pairs = new Set();
  silent = false;

  async open() {
    this.server = net.createServer((near) => {
      const far = net.connect(Number(upstream.port), upstream.hostname);
      const pair = { near, far, old: false, lost: this.silent };
      this.pairs.add(pair);
      const pass = (from, to) => {
        from.on("data", (data) => !this.silent && !pair.old && to.write(data));
        from.on("error", () => {});
        from.on("close", () => {
          // While the network is silent, or on connections from then, nobody hears of an end.
          if (!this.silent && !pair.old) to.destroy();
        });
      };
      pass(near, far);
      pass(far, near);
    });
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${this.server.address().port}`;
  }

  /** Ends all connections at once. */
  cut() {
    for (const { near, far } of this.pairs) (near.destroy(), far.destroy());
    this.pairs.clear();
  }

  /** Carries nothing any more; the connections stay. */
  silence() {
    this.silent = true;
    for (const pair of this.pairs) pair.old = true;
  }

  /** Carries new connections again; those from before are silent for ever. */
  heal() {
    this.silent = false;
    // What was begun in the silence has lost its first bytes, which no network would.
    for (const { near, far, lost } of this.pairs) if (lost) (near.destroy(), far.destroy());
  }

  close() {
    for (const { near, far } of this.pairs) (near.destroy(), far.destroy());
    this.server.close();
  }
}

/** A client behind a network of its own, which joins once and notes all that it hears. */
class Traveller {
  heard = [];

  async open(channels, options = {}) {
    this.network = new Network();
    const address = await this.network.open();
    this.entity = randomUUID();
    this.socket = io(address, { forceNew: true, auth: { entityId: this.entity }, ...options });
    this.socket.entity = this.entity;
    await next(this.socket, "connection_established");
    this.id = this.socket.id;
    for (const channel of channels) {
      this.socket.emit("message", { type: 1, payload: { channelId: channel, roomId: channel, entityId: this.entity } });
      await next(this.socket, "room_joined");
    }
    for (const event of ["messageBroadcast", "messageDeleted", "channelCleared"]) {
      this.socket.on(event, (payload, offset) => this.heard.push({ event, payload, offset }));
    }
    return this;
  }

  /** What was heard of a channel: texts and the names of other events. */
  story(channel) {
    return this.heard.filter((h) => h.payload.channelId === channel).map((h) => (h.event === "messageBroadcast" ? h.payload.text : h.event)).join();
  }

  /** Resolves when a text was heard. */
  async until(text, within = 60_000) {
    for (const end = Date.now() + within; !this.heard.some((h) => h.payload.text === text); await pause(5)) {
      if (Date.now() > end) throw new Error(`${text} was not heard; heard ${this.heard.map((h) => h.payload.text ?? h.event)}`);
    }
  }

  /** Resolves when the client is connected anew. */
  back(within = 60_000) {
    return next(this.socket, "connect", () => true, within);
  }

  /** Whether the numbers of each channel rise, so that nothing came twice. */
  get once() {
    const last = new Map();
    return this.heard.every(({ offset }) => {
      const [channel, rev] = [offset.slice(0, 36), Number(offset.slice(37))];
      const rises = rev > (last.get(channel) ?? 0);
      last.set(channel, rev);
      return rises;
    });
  }

  close() {
    this.socket.close();
    this.network.close();
  }
}

const bob = await connect(url, { transports: ["websocket"] });
const say = async (channel, message) => (await bob.emitWithAck("messages:send", sendPayload(bob, channel, { message }))).data.id;

/** Two channels, in which all kinds of things happen while the client is away. */
async function away(name, options, lose, regain, within) {
  const [one, two] = [randomUUID(), randomUUID()];
  const ann = await new Traveller().open([one, two], options);
  let backs = 0;
  ann.socket.on("connect", () => backs++);
  await say(one, "a");
  const edited = await say(two, "x");
  const doomed = await say(one, "b");
  await ann.until("b");
  await lose(ann);
  await say(one, "c");
  await bob.emitWithAck("messages:delete", { channelId: one, messageId: doomed });
  await bob.emitWithAck("messages:update", { channelId: two, messageId: edited, content: "x changed" });
  await say(two, "y");
  await bob.emitWithAck("messages:clear", { channelId: two });
  await say(two, "z");
  await regain(ann);
  if (backs === 0) await ann.back(within);
  check(`${name}: the session is recovered`, ann.socket.recovered === true && ann.socket.id === ann.id, [ann.socket.recovered, ann.socket.id, ann.id]);
  await say(one, "live");
  await say(two, "live too");
  await ann.until("live too");
  await ann.until("live");
  check(`${name}: one channel as it went on`, ann.story(one) === "a,b,c,messageDeleted,live", ann.story(one));
  check(`${name}: the other channel as it went on`, /^x,(x changed,)?(y,)?(messageDeleted,)*channelCleared,z,live too$/.test(ann.story(two)), ann.story(two));
  check(`${name}: nothing came twice`, ann.once, ann.heard.map((h) => h.offset));
  const mine = next(ann.socket, "messageBroadcast", (m) => m.clientMessageId === "after-all");
  ann.socket.emit("message", { type: 2, payload: sendPayload(ann.socket, one, { message: "mine", messageId: "after-all" }) });
  await mine;
  ann.close();
}

/** Cuts until the client has noticed: on long-polling it may be between two requests. */
async function lose(ann) {
  let gone = false;
  ann.socket.once("disconnect", () => (gone = true));
  for (; !gone; await pause(1)) ann.network.cut();
}

/** The client notices by itself that it is offline, the server does not. */
const offline = (ann) => (ann.network.silence(), ann.socket.io.engine.close());
const online = (ann) => ann.network.heal();

const transports = { "default options": {}, websocket: { transports: ["websocket"] }, polling: { transports: ["polling"] } };
const trips = [];
for (const [name, options] of Object.entries(transports)) {
  trips.push(away(`${name}, quick cut`, { ...quick, ...options }, lose, () => {}));
  trips.push(away(`${name}, old connection still open`, { ...quick, ...options }, offline, online));
  if (long) {
    const silence = async (ann) => (await pause(50_000), ann.network.heal());
    trips.push(away(`${name}, silent for longer than the ping timeout`, options, (ann) => ann.network.silence(), silence));
  }
}
await Promise.all(trips);

/** A client whose session must not come back is told so, and joins again. */
async function refused(name, change) {
  const channel = randomUUID();
  const ann = await new Traveller().open([channel], quick);
  offline(ann);
  change(ann);
  const back = ann.back();
  online(ann);
  await back;
  check(`${name}: the session is a fresh one`, ann.socket.recovered === false && ann.socket.id !== ann.id, ann.socket.recovered);
  ann.socket.emit("message", { type: 1, payload: { channelId: channel, entityId: ann.entity } });
  await next(ann.socket, "room_joined");
  await say(channel, "hello");
  await ann.until("hello");
  ann.close();
}
await refused("a wrong private id", (ann) => (ann.socket._pid = "nobody"));
await refused("another identity", (ann) => (ann.socket.auth = { entityId: randomUUID() }));
await refused("no identity", (ann) => (ann.socket.auth = {}));

/** Cuts at random while others talk; at the end everything was heard once, in order. */
async function faults(name, options, cuts) {
  const channels = [randomUUID(), randomUUID()];
  const ann = await new Traveller().open(channels, { ...quick, ...options });
  const said = channels.map(() => []);
  let fresh = 0;
  ann.socket.on("connect", () => ann.socket.recovered || fresh++);
  let talking = true;
  const talk = channels.map(async (channel, i) => {
    for (let n = 0; talking; n++) {
      said[i].push(`${n}`);
      await say(channel, `${n}`);
      await pause(Math.random() * 8);
    }
  });
  for (let n = 0; n < cuts; n++) {
    await pause(Math.random() * 120);
    if (n % 2 === 0) ann.network.cut();
    else if (ann.socket.io.engine.upgrading) ann.network.cut(); // a close would wait for the upgrade
    else (offline(ann), await pause(Math.random() * 30), online(ann));
  }
  talking = false;
  await Promise.all(talk);
  for (const [i, channel] of channels.entries()) {
    await say(channel, `end ${i}`);
    // A request that went over a silent connection from before is given up after 20 s.
    await ann.until(`end ${i}`, 60_000);
    const all = [...said[i], `end ${i}`].join();
    check(`${name}: over ${cuts} cuts channel ${i} was heard whole and in order`, ann.story(channel) === all,
      { heard: ann.story(channel).length, said: all.length });
  }
  check(`${name}: nothing came twice, and no session was lost`, ann.once && fresh === 0, { fresh, heard: ann.heard.map((h) => h.offset) });
  ann.close();
}
await Promise.all(Object.entries(transports).map(([name, options]) => faults(name, options, 30)));
bob.close();
await finish();
