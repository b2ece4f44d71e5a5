// The states of a talk: first visit, direct chats with the agent, a group, one message.
import { check } from "../lib.mjs";
import { ann, bob, cleo, eliza, juniper, Seed } from "./seed.mjs";

/** me is what the browser remembers of us. */
export const me = { "parley.entityId": ann.id, "parley.name": ann.name };

/** message finds a message by what stands in it. */
export const message = (page, text) => page.getByTestId("message").filter({ hasText: text }).last();

/** go opens a channel and waits for its messages. */
export async function go(page, id) {
  await page.evaluate((hash) => (location.hash = hash), id);
  await page.locator(`[data-testid=messages][data-channel='${id}'][aria-busy=false]`).waitFor();
}

/** sideBar opens the side bar where it is a drawer. */
export async function sideBar(stage, page) {
  if (!stage.small) return;
  await page.getByTestId("menu").click();
  await page.getByTestId("open-settings").waitFor();
  await page.waitForFunction(() => document.getAnimations().length === 0);
}

/** menuOf opens what can be done with a message. */
export async function menuOf(page, article) {
  await article.scrollIntoViewIfNeeded();
  await article.hover();
  await article.getByTestId("message-menu").click();
  await page.getByTestId("menu-list").waitFor();
}

/** firstVisit is what somebody sees who was never here. */
export async function firstVisit({ stage, line }) {
  const page = await stage.page(line.url, {}, { apart: true });
  await page.getByTestId("welcome").waitFor();
  await page.getByTestId("meet-agent").filter({ hasText: eliza.name }).waitFor();
  await stage.look(page, "01-welcome");
  await page.close();
}

/** directChats are the talks with the agent. */
export async function directChats({ stage, line, seed, ids }) {
  const page = await stage.page(`${line.url}/#${ids.fresh}`, me);
  const composer = page.getByTestId("composer");
  await page.getByTestId("starter").first().waitFor();
  await stage.look(page, "02-direct-empty");
  line.holdAfter(0);
  await page.getByTestId("starter").first().click();
  await page.getByTestId("activity").filter({ hasText: "thinking" }).waitFor();
  await page.getByTestId("stop").waitFor();
  await stage.look(page, "03-direct-thinking");
  line.mend();
  await page.locator(`[data-testid=message][data-author='${eliza.id}']:not([data-streaming])`).first().waitFor();
  await page.getByTestId("stop").waitFor({ state: "detached" });
  line.holdAfter(1);
  await composer.fill("I am worried about the weather, and about my brother who sails alone");
  await page.getByTestId("send").click();
  await page.locator("[data-testid=message][data-streaming]").waitFor();
  await page.getByTestId("activity").filter({ hasText: "answering" }).waitFor();
  await stage.look(page, "04-direct-answering");
  line.mend();
  await page.locator("[data-testid=message][data-streaming]").waitFor({ state: "detached" });
  await page.getByTestId("stop").waitFor({ state: "detached" });
  await page.waitForFunction((id) => document.querySelectorAll(`[data-testid=message][data-author='${id}']`).length === 2, eliza.id);
  // The chat is called after its first question now.
  await page.getByTestId("channel-members").filter({ hasText: "What can you do?" }).waitFor();
  await stage.look(page, "05-direct-answered");
  await go(page, ids.holiday);
  await stopped(page, line);
  await stage.look(page, "06-direct-stopped");
  await sideBar(stage, page);
  await stage.look(page, "07-chats-of-an-agent");
  await page.close();
  await asleep({ stage, line, ids });
  await person({ stage, line, seed, ids });
}

/** stopped asks until an answer could be stopped before it was whole. */
async function stopped(page, line) {
  for (let i = 0; i < 5 && (await page.getByTestId("stopped").count()) === 0; i++) {
    line.holdAfter(1);
    await page.getByTestId("composer").fill("Why do you think that I cannot decide between the mountains and the sea?");
    await page.getByTestId("send").click();
    await page.locator("[data-testid=message][data-streaming]").waitFor();
    await page.getByTestId("stop").click();
    line.mend();
    await page.getByTestId("stop").waitFor({ state: "detached" });
  }
  await page.getByTestId("stopped").last().waitFor();
}

/** asleep is a chat with an agent that does not run, until it is started. */
async function asleep({ stage, line, ids }) {
  const page = await stage.page(`${line.url}/#${ids.garden}`, me);
  await page.getByTestId("start-agent").waitFor();
  await stage.look(page, "19-agent-asleep");
  check("nothing is suggested that nobody would answer", (await page.getByTestId("starter").count()) === 0);
  await page.getByTestId("start-agent").click();
  await page.getByTestId("start-agent").waitFor({ state: "detached" });
  await page.getByTestId("starter").first().waitFor();
  await page.close();
}

/** person is a direct chat with somebody who is there. */
async function person({ stage, line, seed, ids }) {
  const other = await seed.come(bob, ids.bob);
  const page = await stage.page(`${line.url}/#${ids.bob}`, me);
  await page.getByTestId("channel-members").filter({ hasText: "Here now" }).waitFor();
  await message(page, "harbour later").waitFor();
  const composer = page.getByTestId("composer");
  await composer.fill("Yes, at six.");
  await page.getByTestId("send").click();
  await page.getByTestId("sent").waitFor();
  await stage.look(page, "08-person-sent");
  await other.emitWithAck("reads:set", { channelId: ids.bob, entityId: bob.id, seq: 2 });
  await page.getByTestId("seen").waitFor();
  await stage.look(page, "09-person-seen");
  other.disconnect();
  await page.close();
}

/** group is a channel with people, agent, typing, mentions and what is new. */
export async function group({ stage, line, seed, ids }) {
  const others = [await seed.come(bob, ids.crew), await seed.come(cleo, ids.crew)];
  const page = await stage.page(`${line.url}/#${ids.crew}`, me);
  const composer = page.getByTestId("composer");
  await message(page, "at five").waitFor();
  await page.getByTestId("channel-members").filter({ hasText: cleo.name }).waitFor();
  for (const other of others) await other.emitWithAck("reads:set", { channelId: ids.crew, entityId: other.entity, seq: 7 });
  await page.getByTestId("seen").waitFor();
  others[0].types();
  await page.getByTestId("activity").filter({ hasText: bob.name }).waitFor();
  await stage.look(page, "10-group-typing");
  await composer.pressSequentially("Ahoy @");
  await page.getByTestId("mentions").waitFor();
  await stage.look(page, "11-mention");
  await composer.press("Escape");
  await composer.fill("");
  await sideBar(stage, page);
  await page.getByTestId("unread").first().waitFor();
  await stage.look(page, "12-unread");
  await page.locator(`[data-testid=channel-item][data-id='${ids.news}']`).click();
  await page.getByTestId("new-line").waitFor();
  await stage.look(page, "13-new-messages");
  for (const other of others) other.disconnect();
  await go(page, ids.crew);
  await severalAgents({ stage, line, page });
  await allRead(line.url, ids.crew);
  await page.close();
}

/** allRead waits until the server knows that we have read all of a channel, which the page tells in its own time. */
async function allRead(url, channel) {
  const seed = new Seed(url);
  for (let tries = 0; tries < 100; tries++) {
    const { channels } = await seed.call("POST", "/reads/unread", { entityId: ann.id, channelIds: [channel] });
    if (channels[0].unread === 0) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error("the page does not tell what was read");
}

/** severalAgents asks two agents at once. */
async function severalAgents({ stage, line, page }) {
  line.holdAfter(0);
  await page.getByTestId("composer").fill(`@${eliza.name} @${juniper.name} what would you bring to a picnic on the pier?`);
  await page.getByTestId("send").click();
  await page.getByTestId("activity").filter({ hasText: "thinking" }).waitFor();
  await stage.look(page, "24-agents-thinking");
  line.mend();
  for (const { id } of [eliza, juniper]) await page.locator(`[data-testid=message][data-author='${id}']:not([data-streaming])`).first().waitFor();
  await page.getByTestId("stop").waitFor({ state: "detached" });
  await stage.look(page, "25-agents-answered");
}

/** oneMessage is what can be done with a message. */
export async function oneMessage({ stage, line, ids }) {
  const page = await stage.page(`${line.url}/#${ids.crew}`, me);
  const composer = page.getByTestId("composer");
  await message(page, "behind the boathouse").waitFor();
  await stage.look(page, "14-reply-edited");
  await menuOf(page, message(page, "at five"));
  await stage.look(page, "15-message-menu");
  await page.getByTestId("action-edit").click();
  await page.getByTestId("edit-input").waitFor();
  await stage.look(page, "16-editing");
  await page.getByTestId("edit-cancel").click();
  await menuOf(page, message(page, "at five"));
  await page.getByTestId("action-delete").click();
  await page.getByTestId("confirm-dialog").waitFor();
  await stage.look(page, "17-delete-message");
  await page.getByTestId("cancel").click();
  await menuOf(page, message(page, "heavier than they look"));
  await page.getByTestId("action-reply").click();
  await page.getByTestId("reply-bar").waitFor();
  await composer.fill("Two trips then.\nOr three, if it rains and everything gets slippery on the way down.");
  await stage.look(page, "18-replying");
  await page.getByTestId("reply-cancel").click();
  await composer.fill("");
  await page.close();
}

/** formatted are messages of every kind of text. */
export async function formatted({ stage, line, ids }) {
  const page = await stage.page(`${line.url}/#${ids.formats}`, me);
  const list = page.getByTestId("messages");
  await message(page, "Checklist for Friday").waitFor();
  await page.waitForFunction(() => document.querySelector("[data-testid=message] table") !== null);
  await list.evaluate((el) => (el.scrollTop = 0));
  await message(page, "We sail at").locator("strong").first().waitFor();
  await stage.look(page, "20-markdown");
  await page.locator("[data-testid=message] table").evaluate((el) => el.scrollIntoView({ block: "center" }));
  await stage.look(page, "21-code-table");
  await message(page, "Ahoy!").evaluate((el) => el.scrollIntoView({ block: "center" }));
  await stage.look(page, "22-rtl-emoji");
  await list.evaluate((el) => (el.scrollTop = el.scrollHeight));
  await stage.look(page, "23-long-collapsed");
  await page.close();
}
