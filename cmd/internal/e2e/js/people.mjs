// Checks who is in a channel and how far they have read, through both doors.
// Usage: node people.mjs http://127.0.0.1:3000 websocket|polling
import { randomUUID } from "node:crypto";
import { check, connect, eventually, finish, next, sendPayload } from "./lib.mjs";

const [url, transport] = process.argv.slice(2);
const options = { transports: [transport] };
const channel = randomUUID();
const rest = `${url}/api/messaging/central-channels/${channel}`;
const get = async (path) => (await (await fetch(path)).json()).data;

// Presence: two tabs, then a reload, then the end.
const watcher = await connect(url, { ...options, auth: {} }); // who does not say who it is, is not present
await watcher.emitWithAck("channels:join", { channelId: channel });
const told = [];
watcher.on("presence", (p) => told.push(`${p.name} ${p.state}`));
const ann = await connect(url, options);
const came = next(watcher, "presence");
await ann.emitWithAck("channels:join", { channelId: channel, entityId: ann.entity, name: "Ann" });
const [arrival] = await came;
check("who comes is told to the room", arrival.entityId === ann.entity && arrival.channelId === channel &&
  arrival.roomId === channel && arrival.name === "Ann" && arrival.state === "joined", arrival);
const tab = await connect(url, options);
await tab.emitWithAck("channels:join", { channelId: channel, entityId: ann.entity, name: "Ann" });
// Another replica reads of a socket a moment after its join.
const listed = await eventually(() => watcher.emitWithAck("presence:list", { channelId: channel }), (l) => l.data.entities[0]?.sockets === 2);
check("two tabs are one person with two sockets", listed.data.entities.length === 1 && listed.data.missing.length === 0 &&
  listed.data.entities[0].sockets === 2 && Math.abs(Date.now() - listed.data.entities[0].since) < 60_000, listed);
const same = await eventually(() => get(`${rest}/presence`), (l) => JSON.stringify(l) === JSON.stringify(listed.data));
check("REST lists the same", JSON.stringify(same) === JSON.stringify(listed.data), same);
const went = next(watcher, "presence", (p) => p.state === "left");
ann.disconnect();
tab.disconnect();
const [departure] = await went;
check("who leaves is told to the room, once", departure.entityId === ann.entity && told.join() === "Ann joined,Ann left", told);

// Reads.
const bob = await connect(url, options);
for (let i = 0; i < 3; i++) await bob.emitWithAck("messages:send", sendPayload(bob, channel, { message: `number ${i}` }));
const reader = randomUUID();
const rose = next(watcher, "readUpdated");
const set = await bob.emitWithAck("reads:set", { channelId: channel, entityId: reader, seq: 2 });
const [risen] = await rose;
check("a read position is told to the room", set.data.seq === 2 && risen.seq === 2 && risen.entityId === reader && risen.roomId === channel, risen);
const body = JSON.stringify({ entityId: reader, seq: 1 });
const put = await (await fetch(`${rest}/reads`, { method: "PUT", headers: { "Content-Type": "application/json" }, body })).json();
check("it does not go back", put.data.seq === 2, put);
const reads = await get(`${rest}/reads?entityId=${reader}`);
check("REST lists it and counts the rest", reads.unread === 1 && reads.reads.length === 1 && reads.reads[0].seq === 2, reads);
const unread = await bob.emitWithAck("reads:unread", { entityId: reader, channelIds: [randomUUID(), channel] });
check("unread leaves unknown channels out", JSON.stringify(unread.data.channels) ===
  JSON.stringify([{ channelId: channel, seq: 2, unread: 1, head: 3 }]), unread);
const own = await bob.emitWithAck("reads:unread", { entityId: bob.entity, channelIds: [channel] });
check("nobody's own messages are unread", own.data.channels[0].unread === 0, own);
await finish();
