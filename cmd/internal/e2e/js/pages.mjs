// What the scripts that fault the chat page share: people in browsers, a line to the
// server that can be cut, and what the page shows against what is stored.
import { createServer, connect as dial } from "node:net";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";
import { check, connect, sendPayload, server } from "./lib.mjs";

export const eliza = "b850bc30-45f8-0041-a00a-83df46d8555d";

/** What went wrong in any page, as [page, what]. */
export const faults = [];
/** Set while pages cannot reach the server, which the browser itself reports. */
export const away = { now: false };

/** Starts Chromium. */
export const launch = (executablePath) => chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--disable-quic",
  "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });

/** Notes in the page what it does: long tasks, refused resources, and every text of every answer being written. */
function observe() {
  window.__seen = { long: [], refused: [], grown: [] };
  new PerformanceObserver((list) => list.getEntries().forEach((e) => window.__seen.long.push(Math.round(e.duration)))).observe({ type: "longtask" });
  document.addEventListener("securitypolicyviolation", (e) => window.__seen.refused.push(`${e.violatedDirective} ${e.blockedURI}`));
  const look = () => {
    for (const article of document.querySelectorAll("[data-streaming]")) {
      const text = article.querySelector("[data-testid=message-text]")?.textContent ?? "";
      const last = window.__seen.grown.at(-1);
      if (last?.id !== article.dataset.id || last.text !== text) window.__seen.grown.push({ id: article.dataset.id, text });
    }
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true, characterData: true });
}

/** Watches a page for everything that must not happen. */
export function watch(page, name, url) {
  page.setDefaultTimeout(60_000);
  page.on("console", (m) => { if (m.type() === "error" && !away.now) faults.push([name, m.text()]); });
  page.on("pageerror", (e) => faults.push([name, e.message]));
  page.on("dialog", (d) => { faults.push([name, `a dialog: ${d.message()}`]); void d.dismiss(); });
  page.on("request", (r) => {
    if (!r.url().startsWith(url) && !/^(data|blob):/.test(r.url())) faults.push([name, `a request to ${r.url().slice(0, 100)}`]);
  });
  return page;
}

/** Opens the page as somebody new. */
export async function person(browser, url, name, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  await context.addInitScript(observe);
  const page = watch(await context.newPage(), name, url);
  await page.goto(url);
  await page.getByTestId("name-input").fill(name);
  await page.getByTestId("name-submit").click();
  await page.getByTestId("composer").waitFor();
  return page;
}

/** Opens another tab of the same person, at a channel. */
export async function tab(page, url, channel) {
  const second = watch(await page.context().newPage(), "a second tab", url);
  await second.goto(`${url}/#${channel.id}`);
  await second.getByTestId("composer").waitFor();
  return second;
}

/** Waits until a condition holds, and gives its value. */
export async function until(what, holds, within = 60_000) {
  let last;
  for (const end = Date.now() + within; ; await pause(50)) {
    try {
      const value = await holds();
      if (value) return value;
      last = value;
    } catch (err) {
      last = err.message;
    }
    if (Date.now() > end) throw new Error(`${what}: not within ${within} ms (${JSON.stringify(last)})`);
  }
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Fails with what was found. */
export function must(ok, ...found) {
  if (!ok) throw new Error(JSON.stringify(found).slice(0, 600));
}

/** Runs one check and goes on after a failure. */
export async function step(name, run) {
  const began = Date.now();
  try {
    const note = (await run()) ?? "";
    check(`${name}${note && `: ${note}`} (${Date.now() - began} ms)`, true);
  } catch (err) {
    check(name, false, String(err.stack).split("\n").slice(0, 4).join(" | "));
  }
}

/** Types and sends. */
export async function say(page, text) {
  await page.getByTestId("composer").fill(text);
  await page.getByTestId("composer").press("Enter");
}

/** Waits for a message with this text. */
export const heard = (page, text) => page.getByTestId("message-text").filter({ hasText: text }).first().waitFor();

/** The messages that a page has drawn, in order. */
export const shown = (page) => page.getByTestId("message").evaluateAll((all) => all.map((a) => ({ id: a.dataset.id, author: a.dataset.author,
  status: a.dataset.status, text: a.querySelector("[data-testid=message-text]")?.textContent ?? "", streaming: a.dataset.streaming !== undefined })));

/** Which message is the first in view, and how far down its text stands. */
export const anchor = (page) => page.getByTestId("messages").evaluate((list) => {
  const { top } = list.getBoundingClientRect();
  const first = [...list.querySelectorAll("[data-testid=message-text]")].find((text) => text.getBoundingClientRect().top >= top);
  return { id: first.closest("article").dataset.id, at: first.getBoundingClientRect().top - top };
});
/** How far down a message's text stands, null if it is not drawn. */
export const place = (page, id) => page.getByTestId("messages").evaluate((list, id) => {
  const found = list.querySelector(`article[data-id="${id}"] [data-testid=message-text]`);
  return found && found.getBoundingClientRect().top - list.getBoundingClientRect().top;
}, id);

/** Waits until the list stands still, and says where: the wheel moves it smoothly. */
export async function rested(page) {
  for (;;) {
    const was = await anchor(page);
    await pause(100);
    if (Math.abs((await place(page, was.id)) - was.at) < 1) return was;
  }
}

/** Opens a message's menu and takes an action. */
export async function act(page, id, action) {
  const message = page.locator(`[data-testid=message][data-id="${id}"]`);
  await message.hover();
  await message.getByTestId("message-menu").click();
  await page.getByTestId(action).click();
}

/** Confirms the dialog that asks. */
export const confirm = (page) => page.locator("dialog[open] button[type=submit]").click();

/** Opens a channel by its address. */
export async function open(page, { id, name }) {
  await page.evaluate((to) => { location.hash = to; }, id);
  await page.locator(`[data-testid=messages][data-channel='${id}']`).waitFor();
  await page.getByTestId("channel-title").filter({ hasText: name }).waitFor();
}

/** Witness is a plain client beside the pages: it makes channels, writes, and knows what is stored. */
export class Witness {
  static async at(url) {
    const witness = new Witness();
    witness.socket = await connect(url, { transports: ["websocket"], reconnection: true, reconnectionDelayMax: 500 });
    return witness;
  }

  /** Makes a channel for everybody. */
  async channel(name, participants = []) {
    const { data } = await this.call("channels:create", { name, serverId: server, type: "GROUP", participantCentralUserIds: [this.socket.entity, ...participants] });
    return { id: data.id, name };
  }

  /** Sends a message. */
  async send(channel, message, fields = {}) {
    return (await this.call("messages:send", sendPayload(this.socket, channel.id, { message, senderName: "Witness", ...fields }))).data;
  }

  /** Everything stored in a channel, oldest first. */
  async stored(channel) {
    return (await this.call("messages:list", { channelId: channel.id, limit: 1000 })).data.messages.reverse();
  }

  async call(event, payload) {
    const answer = await this.socket.timeout(60_000).emitWithAck(event, payload);
    if (!answer.success) throw new Error(`${event}: ${JSON.stringify(answer.error)}`);
    return answer;
  }
}

/** Line is a way to the server that can be cut, or fall silent without being cut. */
export class Line {
  open = new Set();
  state = "up";

  /** Listens on a port of its own and gives the line with its url. */
  static async to(url) {
    const line = new Line();
    const { port } = new URL(url);
    const listener = createServer((near) => line.join(near, Number(port)));
    await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
    line.url = `http://127.0.0.1:${listener.address().port}`;
    return line;
  }

  join(near, port) {
    if (this.state !== "up") return near.destroy();
    const far = dial(port, "127.0.0.1");
    for (const [one, other] of [[near, far], [far, near]]) {
      this.open.add(one);
      one.on("data", (data) => { if (this.state === "up") other.write(data); });
      one.on("error", () => {});
      one.on("close", () => (this.open.delete(one), other.destroy()));
    }
  }

  /** Loses everything that is sent from now on, without a sign of it. */
  silence() {
    this.state = "silent";
  }

  /** Ends all connections and takes no new ones. */
  cut() {
    this.state = "cut";
    for (const end of this.open) end.destroy();
  }

  /** Lets everything through again, over new connections. */
  mend() {
    for (const end of this.open) end.destroy();
    this.state = "up";
  }
}

const lines = createInterface({ input: process.stdin });

/** Asks the caller to kill the server, for so long, and waits until it is back. */
export async function killServer(meanwhile) {
  away.now = true;
  console.log("RESTART");
  await meanwhile();
  const again = new Promise((resolve) => lines.once("line", resolve));
  console.log("AWAY");
  await again;
}
