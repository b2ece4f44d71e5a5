// The states in which something is wrong: no connection, refused messages, no history, no key.
import { eliza, Seed } from "./seed.mjs";
import { me, message } from "./talks.mjs";
import { check } from "../lib.mjs";

/** kept is a message as the browser keeps it while it is not sent. */
function kept(channelId, clientId, text, fields) {
  const name = `parley.outbox.${me["parley.entityId"]}.${clientId}`;
  return { [name]: JSON.stringify({ clientId, channelId, text, at: Date.now(), state: "waiting", attempts: 1, ...fields }) };
}

/** sending are messages that wait, fail and are sent again. */
export async function sending({ stage, line, ids }) {
  const refused = kept(ids.crew, "0fa11000-0000-4000-8000-000000000001", "This one was refused.",
    { state: "failed", error: "You may not write here." });
  const page = await stage.page(`${line.url}/#${ids.crew}`, { ...me, ...refused });
  const composer = page.getByTestId("composer");
  await page.getByTestId("retry").waitFor();
  await message(page, "at five").waitFor();
  await stage.look(page, "60-failed");
  await page.getByTestId("retry").click();
  await page.getByTestId("retry").waitFor({ state: "detached" });
  line.holdAll();
  await composer.fill("Is anybody on the pier?");
  await page.getByTestId("send").click();
  await page.locator("[data-testid=message][data-status=sending]").waitFor();
  await stage.look(page, "61-sending");
  stage.rough = true;
  line.cut();
  await page.locator("[data-testid=connection][data-state=reconnecting]").waitFor();
  await composer.fill("Hello?");
  await page.getByTestId("send").click();
  await page.locator("[data-testid=message][data-status=waiting]").last().waitFor();
  await stage.look(page, "62-reconnecting");
  await page.context().setOffline(true);
  await page.locator("[data-testid=connection][data-state=offline]").waitFor();
  await stage.look(page, "63-offline");
  await page.context().setOffline(false);
  line.mend();
  await page.getByTestId("connection").waitFor({ state: "detached", timeout: 60_000 });
  await message(page, "Hello?").and(page.locator("[data-status=sent]")).waitFor();
  stage.faults.splice(0);
  stage.rough = false;
  await stage.look(page, "64-sent-at-last");
  await page.close();
}

/** loading is a history that does not come, or cannot be read. */
export async function loading({ stage, line, ids }) {
  const page = await stage.page(`${line.url}/#${ids.lobby}`, me);
  await message(page, "Good morning").waitFor();
  line.holdAll();
  await page.evaluate((hash) => (location.hash = hash), ids.formats);
  await page.locator(".skeleton").waitFor();
  await stage.look(page, "65-loading");
  await page.close();
  line.mend();
  stage.rough = true;
  line.refuse("/messages?");
  const other = await stage.page(`${line.url}/#${ids.archive}`, me);
  await message(other, "Note 140").waitFor();
  await other.getByTestId("messages").evaluate((el) => (el.scrollTop = 0));
  await other.getByTestId("history-retry").waitFor();
  await stage.look(other, "66-no-history");
  line.mend();
  await other.getByTestId("history-retry").click();
  await other.getByTestId("history-retry").waitFor({ state: "detached" });
  stage.rough = false;
  await other.evaluate(() => (location.hash = "99999999-9999-4999-8999-999999999999"));
  await other.getByTestId("notice").waitFor();
  await message(other, "Good morning").waitFor();
  await stage.look(other, "67-no-such-channel");
  await other.close();
}

/** locked is a server that wants a key, and has no channel. */
export async function locked({ stage, lockedUrl, key }) {
  const seed = new Seed(lockedUrl, key);
  await seed.call("DELETE", `/central-channels/${await seed.lobby()}`);
  stage.rough = true;
  const page = await stage.page(lockedUrl, me, { apart: true });
  await page.getByTestId("key-dialog").waitFor();
  await stage.look(page, "70-key");
  await page.getByTestId("key-input").fill("a wrong one");
  await page.getByTestId("key-submit").click();
  await page.getByTestId("key-error").waitFor();
  await stage.look(page, "71-wrong-key");
  await page.getByTestId("key-input").fill(key);
  await page.getByTestId("key-submit").click();
  await page.getByTestId("key-dialog").waitFor({ state: "detached" });
  await page.getByRole("heading", { name: "No channel yet" }).waitFor();
  stage.rough = false;
  await stage.look(page, "72-no-channel");
  await page.close();
}

/** still is a page for somebody who wants no motion. */
export async function still({ stage, line, ids }) {
  const page = await stage.page(`${line.url}/#${ids.fence}`, me);
  await page.emulateMedia({ reducedMotion: "reduce" });
  await message(page, "neighbours").waitFor();
  line.holdAfter(1);
  await page.getByTestId("composer").fill("The one on the left, who has a dog");
  await page.getByTestId("send").click();
  await page.locator("[data-testid=message][data-streaming]").waitFor();
  // What ends within a millisecond is no motion, whenever the browser comes to draw it.
  const moving = await page.evaluate(() => document.getAnimations()
    .filter((a) => a.effect.getComputedTiming().endTime > 1)
    .map((a) => `${a.effect.target?.className ?? "?"} ${a.animationName ?? a.transitionProperty ?? ""}`));
  check("nothing moves where no motion is wanted", moving.length === 0, moving);
  await stage.look(page, "80-reduced-motion");
  line.mend();
  await page.locator(`[data-testid=message][data-author='${eliza.id}']:not([data-streaming])`).nth(1).waitFor();
  await page.close();
}
