// What the scripts share: checks that print a line each, and sockets with patience.
import { randomUUID } from "node:crypto";
import { io } from "socket.io-client";
import { compared, contractFaults, settled, watch } from "./contract.mjs";

export const server = "00000000-0000-0000-0000-000000000000";
let failed = 0;

/** Prints the outcome of one check. */
export function check(name, ok, detail = "") {
  const text = typeof detail === "string" ? detail : JSON.stringify(detail);
  console.log(`${ok ? "ok  " : "FAIL"} ${name}${ok ? "" : ` ${text}`}`);
  if (!ok) failed++;
}

/** Ends the process with what the checks came to. */
export async function finish() {
  await settled();
  for (const fault of contractFaults()) check("the server keeps to its documents", false, fault);
  if (compared() > 0) console.log(`${compared()} replies and events compared with the documents`);
  console.log(failed ? `${failed} checks failed` : "all checks passed");
  process.exit(failed ? 1 : 0);
}

/** Resolves with the arguments of the next such event that fits, or rejects. */
export function next(socket, event, fits = () => true, within = 60_000) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      socket.off(event, listener);
      reject(new Error(`no ${event} within ${within} ms`));
    }, within);
    const listener = (...args) => {
      if (!fits(...args)) return;
      clearTimeout(timer);
      socket.off(event, listener);
      resolve(args);
    };
    socket.on(event, listener);
  });
}

/** Asks until the answer fits, and resolves with the last one. */
export async function eventually(ask, fits, within = 10_000) {
  for (const end = Date.now() + within; ; await new Promise((resolve) => setTimeout(resolve, 20))) {
    const answer = await ask();
    if (fits(answer) || Date.now() > end) return answer;
  }
}

/** Connects a socket of its own and waits for its greeting. */
export async function connect(url, options = {}) {
  const entity = randomUUID();
  const socket = io(url, { forceNew: true, reconnection: false, auth: { entityId: entity }, ...options });
  const refused = new Promise((_, reject) => socket.once("connect_error", reject));
  const [greeting] = await Promise.race([next(socket, "connection_established"), refused]);
  await watch(socket, url, options.auth?.apiKey);
  return Object.assign(socket, { entity, greeting });
}

/** A good send to a channel, with fields to change. */
export function sendPayload(socket, channel, fields = {}) {
  return { channelId: channel, roomId: channel, serverId: server, senderId: socket.entity, senderName: "Ann",
    message: "hello", messageId: randomUUID(), source: "client_group_chat", metadata: { channelType: "GROUP" }, ...fields };
}
