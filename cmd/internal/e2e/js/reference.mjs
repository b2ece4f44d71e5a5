// Walks through the reference's own web client as a person would. Arguments: the server's
// address, the folder for screenshots, the browser, and what to leave out, comma-separated.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { launch } from "./pages.mjs";
import { watchPage } from "./contract.mjs";
import { check, finish } from "./lib.mjs";

const [url, shots, executable, without = ""] = process.argv.slice(2);
const left = new Set(without.split(","));
mkdirSync(shots, { recursive: true });
const browser = await launch(executable);
const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
await context.addInitScript(() => localStorage.setItem("eliza-onboarding-completed", "true"));

// What the client asks of other hosts gets a harmless answer: the tests have no network.
await context.route((address) => !address.href.startsWith(url) && address.protocol.startsWith("http"), (route) =>
  route.fulfill({ status: 200, contentType: "application/json", headers: { "access-control-allow-origin": "*" },
    body: /releases/.test(route.request().url()) ? '{"tag_name":"v1.2.0","name":"v1.2.0"}' : "{}" }));

const page = await context.newPage();
watchPage(page, url);
page.setDefaultTimeout(60_000);
const faults = [];
const failed = [];
let away = false;
page.on("console", (m) => { if (m.type() === "error" && !away) faults.push(m.text()); });
page.on("pageerror", (e) => faults.push(e.message));
page.on("response", (r) => { if (r.status() >= 400) failed.push(`${r.status()} ${r.request().method()} ${r.url().slice(url.length)}`); });

let number = 0;
/** Carries out a step, and keeps a picture of what it came to. */
async function step(name, run) {
  if (left.has(name)) return;
  try {
    await run();
    check(name, true);
  } catch (error) {
    check(name, false, String(error.message).split("\n").slice(0, 6).join(" | "));
  }
  await page.screenshot({ path: join(shots, `${String(++number).padStart(2, "0")}-${name.replaceAll(/[^a-z]+/gi, "-")}.png`) }).catch(() => {});
}

/** Fails unless a fact holds. */
function must(ok, what) {
  if (!ok) throw new Error(what);
}

/** Asks the server itself. */
async function ask(path) {
  const response = await fetch(url + path);
  return (await response.json()).data;
}

/** Polls until a fact holds. */
async function eventually(what, fact, within = 60_000) {
  for (const end = Date.now() + within; Date.now() < end; await page.waitForTimeout(50)) {
    if (await fact()) return;
  }
  throw new Error(what);
}

const input = page.getByTestId("chat-input");
const messages = page.getByTestId("chat-messages").or(page.locator("main"));
/** The card of an agent on the home page. */
const card = (name) => page.getByTestId("agent-card").filter({ hasText: name });
/** An entry of a menu that is open. */
const item = (name) => page.getByRole("menuitem", { name });
/** Answers the dialog that asks whether one is sure. */
const sure = (name) => page.getByRole("dialog").or(page.getByRole("alertdialog")).getByRole("button", { name }).click();
/** A message that hangs in the list. */
const text = (words) => page.locator(".group, [class*=bubble]").filter({ hasText: words }).last();
/** Sends a text and waits until the agent has answered and the field is free again. */
async function say(words) {
  await input.fill(words);
  await page.getByTestId("send-button").click();
  await page.getByText(words, { exact: true }).first().waitFor();
  await page.waitForFunction(() => !document.querySelector("[data-testid=chat-input]").disabled, undefined, { timeout: 60_000 });
}
/** How many messages of the agent are shown. */
const answers = () => page.locator("[data-testid=chat-messages] .prose-sm, .prose-sm").count();

let agent;
const menu = () => page.getByRole("button", { name: "More options" });

await step("home", async () => {
  await page.goto(url);
  await page.getByText("Agents", { exact: true }).first().waitFor();
  await page.getByRole("button", { name: "Create New Agent" }).waitFor();
  await page.getByText("1.2.0").first().waitFor();
});

await step("create agent", async () => {
  await page.getByRole("button", { name: "Create New Agent" }).click();
  await page.locator("[name=name]").fill("Ada");
  await page.locator("[name=username]").fill("ada");
  await page.locator("[name=system]").fill("You are Ada, who counts things.");
  await page.getByRole("tab", { name: "Secret" }).click();
  await page.waitForTimeout(300);
  await page.locator("button[type=submit]").click();
  const dialog = page.getByRole("button", { name: "Save Anyway" });
  const created = page.getByText("Agent created successfully!").first();
  await dialog.or(created).first().waitFor();
  if (await dialog.isVisible()) await dialog.click();
  await card("Ada").waitFor();
  agent = (await ask("/api/agents")).agents.find((a) => a.name === "Ada").id;
});

await step("start agent", async () => {
  await card("Ada").getByRole("switch").click();
  await eventually("Ada does not run", async () => (await ask(`/api/agents/${agent}`)).status === "active");
  await eventually("the switch does not show it", async () => (await card("Ada").getByRole("switch").getAttribute("data-state")) === "checked");
});

await step("agent settings", async () => {
  await page.goto(`${url}/settings/${agent}`);
  await page.locator("[name=system]").fill("You are Ada, who counts stars.");
  await page.locator("button[type=submit]").click();
  const dialog = page.getByRole("button", { name: "Save Anyway" });
  const saved = page.getByText(/updated successfully/).first();
  await dialog.or(saved).first().waitFor();
  if (await dialog.isVisible()) await dialog.click();
  await eventually("it is not saved", async () => (await ask(`/api/agents/${agent}`)).system === "You are Ada, who counts stars.");
  must((await ask(`/api/agents/${agent}`)).status === "active", "Ada runs no more");
});

await step("direct chat", async () => {
  await page.goto(`${url}/chat/${agent}`);
  await input.waitFor();
  await page.waitForFunction(() => !document.querySelector("[data-testid=chat-input]").disabled);
  await say("Hello Ada, my name is Zed");
  await eventually("the agent does not answer", async () => (await answers()) >= 2);
});

let first;
await step("titles", async () => {
  await say("I have a dog called Rex");
  await say("What is my dog called?");
  const channels = async () => (await ask("/api/messaging/central-servers/00000000-0000-0000-0000-000000000000/channels")).channels
    .filter((c) => c.type === "DM" && c.metadata?.forAgent === agent);
  await eventually("the chat gets no title", async () => (await channels()).some((c) => !/^Chat - /.test(c.name)), 60_000);
  first = (await channels())[0];
  await page.getByRole("button", { name: first.name }).waitFor();
});

await step("another chat", async () => {
  await page.getByRole("button", { name: "New Chat" }).click();
  await eventually("there is no second chat", async () => (await ask("/api/messaging/central-servers/00000000-0000-0000-0000-000000000000/channels")).channels
    .filter((c) => c.type === "DM" && c.metadata?.forAgent === agent).length === 2);
  await page.waitForFunction(() => document.querySelectorAll(".prose-sm").length === 0);
  await page.waitForFunction(() => !document.querySelector("[data-testid=chat-input]").disabled);
  await say("This is the second chat");
});

await step("back to the first chat", async () => {
  await page.getByRole("button", { name: /^(Chat - |.*)/ }).filter({ has: page.locator(".lucide-clock") }).click();
  await item(first.name).click();
  await page.getByText("I have a dog called Rex", { exact: true }).first().waitFor();
});

await step("delete a message", async () => {
  const line = page.getByText("I have a dog called Rex", { exact: true }).first();
  const bubble = page.locator(".flex.flex-col.w-full").filter({ has: line }).last();
  await bubble.hover();
  await bubble.locator("button").last().click({ force: true });
  await line.waitFor({ state: "detached" });
  await eventually("it is still stored", async () => { // the page takes it off the list before the server has answered
    const stored = (await ask(`/api/messaging/central-channels/${first.id}/messages`)).messages;
    return stored.length > 0 && !stored.some((m) => m.content === "I have a dog called Rex");
  });
});

await step("upload", async () => {
  const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAIAAAACUFjqAAAAEklEQVR4nGP4z8CAB+GTG8HSALfKY52fTcuYAAAAAElFTkSuQmCC", "base64");
  writeFileSync(join(shots, "red.png"), png);
  await page.locator("input[type=file]").first().setInputFiles(join(shots, "red.png"));
  await page.locator("img[alt='Selected file']").waitFor();
  await input.fill("A red picture");
  await eventually("the upload does not end", async () => page.getByTestId("send-button").isEnabled());
  await page.getByTestId("send-button").click();
  const picture = page.locator("img[src*='/media/uploads/agents/']").first();
  await picture.waitFor();
  await eventually("the picture does not load", () => picture.evaluate((img) => img.complete && img.naturalWidth === 10));
  await page.waitForFunction(() => !document.querySelector("[data-testid=chat-input]").disabled, undefined, { timeout: 60_000 });
});

await step("recovery", async () => {
  await page.goto(`${url}/chat/${agent}`);
  await input.waitFor();
  await say("Wait for me");
  const server_id = "00000000-0000-0000-0000-000000000000";
  const { channels } = await ask(`/api/messaging/central-servers/${server_id}/channels`);
  const channel_id = channels.filter((c) => c.type === "DM").sort((a, b) => b.updatedAt.localeCompare(a.updatedAt))[0].id;
  const post = async (content) => {
    const response = await fetch(`${url}/api/messaging/submit`, { method: "POST", headers: { "content-type": "application/json" },
      body: JSON.stringify({ channel_id, server_id, author_id: agent, content, source_type: "agent_response", raw_message: { text: content }, metadata: { agentName: "Ada" } }) });
    must(response.ok, `posting: ${response.status} ${await response.text()}`);
  };
  await post("before the cut");
  await page.getByText("before the cut", { exact: true }).waitFor();
  const session = await context.newCDPSession(page);
  const network = (offline) => session.send("Network.emulateNetworkConditions", { offline, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
  away = true;
  await session.send("Network.enable");
  await network(true);
  for (let i = 0; i < 5; i++) {
    await post(`during the cut ${i}`);
    await page.waitForTimeout(4_000);
  }
  must((await page.getByText("during the cut").count()) === 0, "the network was not cut");
  await network(false);
  for (let i = 0; i < 5; i++) await page.getByText(`during the cut ${i}`, { exact: true }).waitFor({ timeout: 60_000 });
  away = false;
  await post("after the cut");
  await page.getByText("after the cut", { exact: true }).waitFor();
  for (let i = 0; i < 5; i++) must((await page.getByText(`during the cut ${i}`, { exact: true }).count()) === 1, `message ${i} is doubled`);
  await say("I am back");
});

/** Opens a tab of the side panel. */
async function panel(name) {
  if (!(await page.getByRole("tab", { name: "Model Calls" }).isVisible())) {
    await page.locator("button:has(.lucide-panel-right)").first().click();
  }
  await page.getByRole("tab", { name }).click();
}

await step("model calls", async () => {
  await panel("Model Calls");
  await page.getByPlaceholder("Search actions...").waitFor();
  await eventually("no call is shown", async () => (await page.getByText(/TEXT_LARGE|Text Large|LLM/).count()) > 0);
});

await step("memories", async () => {
  await panel("Memories");
  await page.getByPlaceholder("Search memories...").waitFor();
  await page.getByText("Hello Ada, my name is Zed", { exact: true }).last().waitFor();
});

await step("edit a memory", async () => {
  await page.getByPlaceholder("Search memories...").fill("Hello Ada");
  const memory = page.locator(".group.border").filter({ hasText: "Hello Ada, my name is Zed" }).last();
  await memory.hover();
  await memory.getByTitle("Edit memory").click();
  const editor = page.locator("#memory-content");
  await editor.fill((await editor.inputValue()).replace("Hello Ada", "Good day Ada"));
  await page.getByRole("button", { name: "Save Changes" }).click();
  await eventually("it is not saved", async () => (await ask(`/api/memory/${agent}/memories`)).memories.some((m) => /Good day Ada/.test(m.content.text)));
  await page.getByPlaceholder("Search memories...").fill("Good day");
  await page.locator(".group.border").filter({ hasText: "Good day Ada" }).last().waitFor();
});

await step("delete a memory", async () => {
  const memory = page.locator(".group.border").filter({ hasText: "Good day Ada" }).last();
  await memory.hover();
  await memory.getByTitle("Edit memory").click();
  await page.getByRole("button", { name: "Delete Memory" }).click();
  await sure(/delete/i);
  await eventually("it is still there", async () => !(await ask(`/api/memory/${agent}/memories`)).memories.some((m) => /Good day Ada/.test(m.content.text)));
  await page.locator(".group.border").filter({ hasText: "Good day Ada" }).waitFor({ state: "detached" });
});

await step("logs of the agent", async () => {
  await panel("Logs");
  await page.getByPlaceholder("Full-text log search").waitFor();
});

await step("log viewer", async () => {
  await page.goto(`${url}/logs`);
  await page.getByPlaceholder("Full-text log search").waitFor();
  await eventually("no line is shown", async () => !(await page.getByText("No Logs Found").isVisible()));
});

await step("live log", async () => {
  await page.goto(`${url}/chat/${agent}`);
  await input.waitFor();
  await page.locator("a[href='/logs']").first().click();
  await page.getByPlaceholder("Full-text log search").waitFor();
  await eventually("no line comes over the socket", async () => {
    await fetch(`${url}/api/agents/${agent}/stop`, { method: "POST" });
    await fetch(`${url}/api/agents/${agent}/start`, { method: "POST" });
    return page.getByTitle("Live mode (WebSocket)").isVisible();
  });
});

await step("clear the log", async () => {
  await page.getByRole("button", { name: "Clear All Logs" }).click();
  const cleared = page.waitForResponse((r) => r.request().method() === "DELETE" && r.url().endsWith("/api/server/logs"));
  await sure("Delete");
  must((await cleared).ok(), "the server refuses");
});

await step("environment", async () => {
  await page.goto(`${url}/settings`);
  await page.locator("#secret-name").fill("WALK_VALUE");
  await page.locator("#secret-value").fill("a value with spaces");
  await page.getByRole("button", { name: "Add" }).click();
  await page.getByRole("button", { name: "Save Changes" }).click();
  await page.getByText("updated successfully").first().waitFor();
  must((await ask("/api/system/env/local")).WALK_VALUE === "a value with spaces", "it is not stored");
  await page.reload();
  await page.getByText("WALK_VALUE", { exact: true }).waitFor();
});

await step("create a group", async () => {
  await page.goto(url);
  await page.getByRole("tab", { name: "Groups" }).click();
  await page.getByRole("button", { name: "Create New Group" }).click();
  await page.locator("#chat-name").fill("Circle");
  await page.getByText("Select agents...").click();
  await page.locator(".cursor-pointer", { hasText: /^.{0,3}Ada$/ }).last().click();
  await page.locator("#chat-name").click();
  await page.getByRole("button", { name: "Create Group", exact: true }).click();
  await page.waitForURL(/\/group\//);
  await input.waitFor();
});

await step("group chat", async () => {
  await page.waitForFunction(() => !document.querySelector("[data-testid=chat-input]").disabled);
  await say("Ada, are you here?");
  await eventually("the agent does not answer", async () => (await answers()) >= 2);
});

await step("rename the group", async () => {
  await page.getByRole("button", { name: "Edit Group" }).click();
  await page.locator("#chat-name").fill("Ring");
  await page.getByRole("button", { name: "Update Group" }).click();
  await eventually("it keeps its name", async () => (await ask("/api/messaging/central-servers/00000000-0000-0000-0000-000000000000/channels")).channels.some((c) => c.name === "Ring"));
  await page.getByText("Ring", { exact: true }).first().waitFor();
});

await step("upload in the group", async () => {
  await page.keyboard.press("Escape");
  await page.goto(page.url());
  await input.waitFor();
  await page.locator("input[type=file]").first().setInputFiles(join(shots, "red.png"));
  await page.locator("img[alt='Selected file']").waitFor();
  await input.fill("A picture for all");
  await eventually("the upload does not end", async () => page.getByTestId("send-button").isEnabled());
  await page.getByTestId("send-button").click();
  await page.locator("img[src*='/media/uploads/channels/']").first().waitFor();
  await page.waitForFunction(() => !document.querySelector("[data-testid=chat-input]").disabled, undefined, { timeout: 60_000 });
});

await step("clear the chat", async () => {
  await menu().click();
  await item("Clear Messages").click();
  await sure(/clear/i);
  await page.getByText("Ada, are you here?", { exact: true }).waitFor({ state: "detached" });
});

await step("delete the group", async () => {
  await menu().click();
  await item("Delete Group").click();
  await sure("Delete");
  await page.waitForURL(url + "/");
  must(!(await ask("/api/messaging/central-servers/00000000-0000-0000-0000-000000000000/channels")).channels.some((c) => c.name === "Ring"), "it is still listed");
});

await step("delete a chat", async () => {
  await page.goto(`${url}/chat/${agent}`);
  await input.waitFor();
  await menu().click();
  await item("Delete Chat").click();
  await sure(/delete/i);
  await eventually("it is still listed", async () => (await ask("/api/messaging/central-servers/00000000-0000-0000-0000-000000000000/channels")).channels
    .filter((c) => c.type === "DM" && c.metadata?.forAgent === agent).length === 1);
});

await step("stop agent", async () => {
  await page.goto(url);
  await card("Ada").getByRole("switch").click();
  await eventually("Ada still runs", async () => (await ask(`/api/agents/${agent}`)).status === "inactive");
});

await step("delete agent", async () => {
  await page.goto(`${url}/settings/${agent}`);
  await page.locator("[name=name]").waitFor();
  await page.locator("form button:has(.lucide-ellipsis-vertical), form button:has(.lucide-more-vertical), form [aria-haspopup=menu]").last().click();
  await item(/Delete Agent/).click();
  await sure("Delete");
  await page.waitForURL(url + "/");
  await eventually("it is still listed", async () => !(await ask("/api/agents")).agents.some((a) => a.id === agent));
  await eventually("its card is still shown", async () => !(await card("Ada").isVisible()));
});

check("no error in the console", faults.length === 0, faults.slice(0, 5).join(" || "));
check("no request failed", failed.length === 0, failed.slice(0, 10).join(" || "));
await browser.close();
await finish();
