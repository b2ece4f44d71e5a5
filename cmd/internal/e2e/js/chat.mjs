// Walks the chat page with two people in two browser contexts and the agent: they pick
// names, see each other's messages and the agent's answers, lose the server and get
// what they missed. Takes screenshots on the way. Any console error fails.
// Usage: node chat.mjs http://127.0.0.1:3000 <folder for screenshots> <chromium>
// On the line "RESTART" on stdout the caller kills and restarts the server, then
// writes a line to stdin.
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";
import { watchPage } from "./contract.mjs";
import { check, finish } from "./lib.mjs";

const [url, out, executablePath] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--disable-quic",
  "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });
const faults = [];
let serverAway = false;

/** Opens the page as somebody, and gives the name. */
async function person(name, options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  watchPage(page, url);
  page.setDefaultTimeout(60_000);
  // While the server is away the browser itself reports what it cannot reach.
  page.on("console", (m) => { if (m.type() === "error" && !serverAway) faults.push(`${name}: ${m.text()}`); });
  page.on("pageerror", (e) => faults.push(`${name}: ${e.message}`));
  page.on("response", (r) => { if (r.status() >= 400 && !serverAway) faults.push(`${name}: ${r.status()} ${r.url()}`); });
  await page.goto(url);
  await page.getByTestId("name-input").fill(name);
  await page.screenshot({ path: `${out}/1-name-${name}.png` });
  await page.getByTestId("name-submit").click();
  await page.getByTestId("composer").waitFor();
  return page;
}

/** Sends a message and waits until it is stored. */
async function say(page, text) {
  await page.getByTestId("composer").fill(text);
  await page.getByTestId("composer").press("Enter");
}

/** Waits for a message with this text. */
const heard = (page, text) => page.getByTestId("message-text").filter({ hasText: text }).first().waitFor();

/** Runs one check and goes on after a failure. */
async function step(name, run) {
  const began = Date.now();
  try {
    await run();
    check(`${name} (${Date.now() - began} ms)`, true);
  } catch (err) {
    check(name, false, String(err.message).split("\n")[0]);
  }
}

const ann = await person("Ann", { viewport: { width: 1280, height: 800 } });
const bob = await person("Bob", { viewport: { width: 360, height: 740 }, colorScheme: "dark", hasTouch: true });

await step("the Lobby is open", async () => {
  await ann.getByTestId("channel-title").filter({ hasText: "Lobby" }).waitFor();
  await bob.getByTestId("channel-title").filter({ hasText: "Lobby" }).waitFor();
});
await step("Bob hears Ann", async () => {
  await say(ann, "Good morning, Bob! See https://example.org/a?b=1");
  await heard(bob, "Good morning, Bob!");
});
await step("Ann hears Bob", async () => {
  await say(bob, "Good morning Ann 👋");
  await heard(ann, "Good morning Ann 👋");
});
await step("markup stays text", async () => {
  await say(ann, "<img src=x onerror=alert(1)><b>bold</b>");
  await heard(bob, "<img src=x onerror=alert(1)><b>bold</b>");
  if (await bob.locator("[data-testid=messages] img, [data-testid=messages] b").count()) throw new Error("markup was rendered");
});
await step("typing is seen", async () => {
  await bob.getByTestId("composer").pressSequentially("I was", { delay: 40 });
  await ann.getByTestId("activity").filter({ hasText: "Bob" }).waitFor();
  await ann.screenshot({ path: `${out}/2-typing-wide.png` });
  await bob.getByTestId("composer").fill("");
});
await step("the agent answers when it is named", async () => {
  await say(ann, "Eliza, I feel happy today");
  await ann.locator("[data-testid=message][data-author='b850bc30-45f8-0041-a00a-83df46d8555d']").first().waitFor();
  await bob.locator("[data-testid=message][data-author='b850bc30-45f8-0041-a00a-83df46d8555d']").first().waitFor();
});
await ann.screenshot({ path: `${out}/3-lobby-wide.png` });
await bob.screenshot({ path: `${out}/3-lobby-phone.png` });

await step("a direct chat with the agent", async () => {
  await ann.getByTestId("agent-item").first().click();
  await ann.getByTestId("channel-title").filter({ hasText: "Eliza" }).waitFor();
  await ann.getByTestId("beginning").waitFor();
  await say(ann, "I am worried about my work");
  await ann.locator("[data-testid=message][data-author='b850bc30-45f8-0041-a00a-83df46d8555d']").first().waitFor();
  await ann.screenshot({ path: `${out}/4-direct-wide.png` });
  await ann.getByTestId("channel-item").first().click();
  await ann.getByTestId("channel-title").filter({ hasText: "Lobby" }).waitFor();
  await heard(ann, "Good morning Ann 👋");
});

await step("a chat with an agent that does not run says so above the composer too, and starts it", async () => {
  await ann.getByTestId("agent-item").filter({ hasText: "not running" }).first().click();
  await ann.getByTestId("beginning").getByTestId("start-agent").waitFor();
  await say(ann, "Is anybody there?");
  await ann.locator("form.composer").getByTestId("start-agent").click();
  await ann.getByTestId("start-agent").waitFor({ state: "detached" });
  await ann.getByTestId("channel-item").first().click();
  await ann.getByTestId("channel-title").filter({ hasText: "Lobby" }).waitFor();
});

await step("after the name the keyboard writes messages", async () => {
  // Whether a field that has the focus takes keys is up to the browser's timing, hence several.
  for (let i = 1; i <= 6; i++) {
    const eve = await person("Eve");
    await eve.waitForFunction(() => document.activeElement?.id === "composer");
    await eve.keyboard.type(`by keyboard alone, ${i}`);
    await eve.keyboard.press("Enter");
    await heard(bob, `by keyboard alone, ${i}`);
    await eve.context().close();
  }
});
await step("a new channel by keyboard, and the focus goes back where it was", async () => {
  await ann.getByTestId("new-channel").focus();
  await ann.keyboard.press("Enter");
  await ann.getByTestId("channel-dialog").waitFor();
  await ann.keyboard.press("Escape");
  await ann.waitForFunction(() => document.activeElement?.getAttribute("data-testid") === "new-channel");
  await ann.keyboard.press("Enter");
  await ann.getByTestId("channel-dialog").waitFor();
  await ann.keyboard.type("Plans");
  await ann.keyboard.press("Enter");
  await ann.getByTestId("channel-title").filter({ hasText: "Plans" }).waitFor();
  await ann.waitForFunction(() => document.activeElement?.id === "composer");
});
await step("back leads to the channel before; an address that leads nowhere to the Lobby", async () => {
  await ann.goBack();
  await ann.getByTestId("channel-title").filter({ hasText: "Lobby" }).waitFor();
  for (let i = 0; i < 5; i++) {
    await ann.getByTestId("channel-item").filter({ hasText: "Plans" }).click();
    await ann.getByTestId("channel-title").filter({ hasText: "Plans" }).waitFor();
    await ann.goBack();
    await ann.getByTestId("channel-title").filter({ hasText: "Lobby" }).waitFor();
  }
  await ann.goto(`${url}/#99999999-9999-4999-8999-999999999999`);
  await ann.getByTestId("notice").waitFor();
  await ann.getByTestId("channel-title").filter({ hasText: "Lobby" }).waitFor();
});
await step("making a channel closes the drawer of a phone", async () => {
  await bob.getByTestId("menu").click();
  await bob.getByTestId("new-channel").click();
  await bob.getByTestId("channel-name").fill("Bob's place");
  await bob.getByTestId("channel-submit").click();
  await bob.getByTestId("channel-title").filter({ hasText: "Bob's place" }).waitFor();
  await bob.getByTestId("new-channel").waitFor({ state: "hidden" });
  await bob.goBack();
  await heard(bob, "Good morning, Bob!");
});
await step("a chat that somebody begins is seen at once by the other", async () => {
  await ann.getByTestId("channel-menu").click();
  await ann.getByTestId("action-members").click();
  await ann.getByTestId("members").locator("li").filter({ hasText: "Bob" }).getByTestId("member-chat").click();
  await ann.getByTestId("channel-title").filter({ hasText: "Bob" }).waitFor();
  // The page reads its lists only every 20 seconds by itself.
  const seen = bob.getByTestId("direct-item").filter({ hasText: "Ann" }).waitFor({ state: "attached", timeout: 10_000 });
  await say(ann, "Psst, Bob");
  await seen;
  await bob.getByTestId("menu").click();
  await bob.getByTestId("direct-item").filter({ hasText: "Ann" }).getByTestId("unread").waitFor();
  await bob.getByTestId("direct-item").filter({ hasText: "Ann" }).click();
  await heard(bob, "Psst, Bob");
  for (const page of [ann, bob]) {
    await page.goBack();
    await page.getByTestId("channel-title").filter({ hasText: "Lobby" }).waitFor();
  }
});
await step("a name chosen in one tab is the name in all", async () => {
  const second = await ann.context().newPage();
  await second.goto(url);
  for (const name of ["Anna", "Ann"]) {
    await second.getByTestId("open-settings").click();
    await second.getByTestId("name-input").fill(name);
    await second.getByTestId("settings-submit").click();
    await ann.getByTestId("my-name").and(ann.getByText(name, { exact: true })).waitFor();
  }
  await second.close();
});
await step("whoever gives no name is a guest", async () => {
  const guest = await person("");
  await guest.getByTestId("my-name").filter({ hasText: /^Guest \d{3}$/ }).waitFor();
  await guest.context().close();
});
await step("who starts with the agent is in the chat with it when the welcome goes", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(url);
  await page.getByTestId("meet-agent").filter({ hasText: "Eliza" }).waitFor();
  await page.keyboard.type("Ida");
  await page.keyboard.press("Enter");
  await page.getByTestId("welcome").waitFor({ state: "detached" });
  await page.keyboard.type("I have just come");
  await page.keyboard.press("Enter");
  await heard(page, "I have just come");
  await page.getByTestId("channel-title").filter({ hasText: "Eliza" }).waitFor();
  await page.getByTestId("my-name").filter({ hasText: "Ida" }).waitFor();
  await page.locator("[data-testid=message][data-author='b850bc30-45f8-0041-a00a-83df46d8555d']").first().waitFor();
  await context.close();
});
await step("a message that is refused stays, and can be sent again", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  let refuse = true;
  await page.routeWebSocket(/socket\.io/, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((packet) => {
      const ack = /^42(\d+)\["messages:send"/.exec(String(packet))?.[1];
      if (ack === undefined || !refuse) return server.send(packet);
      socket.send(`43${ack}[{"success":false,"error":{"code":"FORBIDDEN","message":"Not now."}}]`);
    });
  });
  await page.goto(url);
  await page.getByTestId("name-input").fill("Fay");
  await page.getByTestId("name-submit").click();
  await page.getByTestId("name-input").waitFor({ state: "detached" });
  await say(page, "refused at first");
  await page.locator("[data-testid=message][data-status=failed]").waitFor();
  await page.screenshot({ path: `${out}/4-failed-wide.png` });
  refuse = false;
  await page.getByTestId("retry").click();
  await page.locator("[data-testid=message][data-status=sent]").waitFor();
  await heard(bob, "refused at first");
  await context.close();
});

await step("killed and restarted: nothing is lost, what is typed meanwhile arrives once", async () => {
  serverAway = true;
  const again = new Promise((resolve) => createInterface({ input: process.stdin }).once("line", resolve));
  console.log("RESTART");
  await ann.getByTestId("connection").waitFor();
  await say(ann, "typed while the server was away");
  await ann.screenshot({ path: `${out}/5-away-wide.png` });
  await bob.screenshot({ path: `${out}/5-away-phone.png` });
  console.log("AWAY");
  await again;
  await heard(bob, "typed while the server was away");
  await ann.getByTestId("connection").waitFor({ state: "detached" });
  serverAway = false;
  for (const page of [ann, bob]) {
    for (const text of ["Good morning, Bob!", "Good morning Ann 👋", "typed while the server was away"]) {
      const n = await page.getByTestId("message-text").filter({ hasText: text }).count();
      if (n !== 1) throw new Error(`"${text}" stands ${n} times`);
    }
  }
});
await step("a reload shows the same", async () => {
  await bob.reload();
  await heard(bob, "typed while the server was away");
  await heard(bob, "Good morning, Bob!");
  await bob.screenshot({ path: `${out}/6-reloaded-phone.png` });
});
check("no console error", faults.length === 0, faults);
await browser.close();
await finish();
