// The page without a mouse and without eyes: where Tab leads, what has a ring, what
// dialogs do with the focus, and what a screen reader is told.
import { check } from "../lib.mjs";
import { bob, eliza } from "./seed.mjs";
import { me, message } from "./talks.mjs";

/** focused is what has the focus: its test id or role, and whether that can be seen. */
const focused = (page) => page.evaluate(() => {
  const el = document.activeElement;
  const style = getComputedStyle(el);
  // The field of the composer shows it by its box.
  const box = el.closest(".box") ?? el;
  const ring = style.outlineStyle !== "none" || getComputedStyle(box).boxShadow !== "none" || getComputedStyle(box).outlineStyle !== "none";
  return { id: el.dataset.testid ?? el.id ?? el.tagName, name: el.dataset.testid ?? el.getAttribute("aria-label") ?? el.tagName, ring, box: el.getBoundingClientRect().toJSON() };
});

/** keyboard goes over the page by keys alone. */
export async function keyboard({ stage, line, ids }) {
  const page = await stage.page(`${line.url}/#${ids.crew}`, me);
  await message(page, "at five").waitFor();
  await page.waitForFunction(() => document.activeElement?.id === "composer");
  check("the composer has the focus at first", true);
  await tabOrder(page);
  await messageByKeys(page);
  await dialogsByKeys(page);
  await page.close();
}

/** tabOrder follows Tab once around the page. */
async function tabOrder(page) {
  const stops = [];
  for (let i = 0; i < 90; i++) {
    await page.keyboard.press("Tab");
    const stop = await focused(page);
    if (stop.name === "open-switcher" && stops.length > 0) break;
    // What comes before is the rest of the round in which the composer had the focus.
    if (stop.name === "open-switcher" || (stops.length > 0 && stop.name !== "BODY")) stops.push(stop);
  }
  const names = stops.map(({ name }) => name);
  const want = ["open-switcher", "new-channel", "channel-item", "agent-item", "new-chat", "chat-item", "open-settings", "open-search",
    "channel-menu", "messages", "composer"];
  const places = want.map((name) => names.indexOf(name));
  check("Tab goes from the side bar over the header and the messages to the composer",
    places.every((place, i) => place >= 0 && (i === 0 || place > places[i - 1])), names);
  check("what has the focus can be seen", stops.every(({ ring, box }) => ring && box.width > 0), stops.filter(({ ring, box }) => !ring || box.width === 0));
}

/** messageByKeys walks the messages and opens what can be done with one. */
async function messageByKeys(page) {
  await page.getByTestId("messages").focus();
  await page.keyboard.press("ArrowUp");
  check("the arrows go to the last message", await page.evaluate(() => document.activeElement === [...document.querySelectorAll("article")].at(-1)));
  check("a message with the focus can be seen", (await focused(page)).ring);
  await page.keyboard.press("Enter");
  await page.getByTestId("menu-list").waitFor();
  check("its menu takes the focus", (await focused(page)).name === "action-reply");
  await page.keyboard.press("ArrowDown");
  check("the arrows go through the menu", (await focused(page)).name === "action-copy");
  await page.keyboard.press("Escape");
  await page.getByTestId("menu-list").waitFor({ state: "detached" });
  check("Escape leads back to the message", await page.evaluate(() => document.activeElement.matches("article")));
  await page.keyboard.press("Enter");
  await page.getByTestId("menu-list").waitFor();
  await page.keyboard.press("Enter");
  await page.getByTestId("reply-bar").waitFor();
  check("a reply leads to the composer", (await focused(page)).name === "composer");
  await page.keyboard.press("Escape");
  await page.getByTestId("reply-bar").waitFor({ state: "detached" });
}

/** dialogsByKeys opens every dialog, goes around in it, and leaves it by Escape. */
async function dialogsByKeys(page) {
  for (const [opener, dialog] of [["open-switcher", "switcher-dialog"], ["new-channel", "channel-dialog"],
    ["open-settings", "settings-dialog"]]) {
    await page.getByTestId(opener).focus();
    await page.keyboard.press("Enter");
    await page.getByTestId(dialog).waitFor();
    let kept = true;
    for (let i = 0; i < 12; i++) {
      await page.keyboard.press("Tab");
      // The browser's own bars are a stop on the way around.
      kept &&= await page.evaluate((id) => document.activeElement === document.body || document.activeElement.closest(`[data-testid=${id}]`) !== null, dialog);
    }
    check(`${dialog} keeps the focus`, kept);
    await page.keyboard.press("Escape");
    await page.getByTestId(dialog).waitFor({ state: "detached" });
    check(`${dialog} gives the focus back`, (await focused(page)).name === opener, await focused(page));
  }
  await page.getByTestId("channel-menu").focus();
  await page.keyboard.press("Enter");
  await page.getByTestId("menu-list").waitFor();
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  await page.getByTestId("confirm-dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByTestId("confirm-dialog").waitFor({ state: "detached" });
  check("a confirmation gives the focus back", (await focused(page)).name === "channel-menu", await focused(page));
}

/** reader is what a screen reader goes through, and what it is told. */
export async function reader({ stage, line, seed, ids }) {
  const page = await stage.page(`${line.url}/#${ids.fence}`, me);
  await message(page, "neighbours").waitFor();
  const order = await page.evaluate(() => [...document.querySelectorAll("main header.top h1, main article, main #composer")].map((el) => el.dataset.testid ?? el.id));
  check("header, messages, composer follow one another", order[0] === "channel-title" && order.at(-1) === "composer" &&
    order.slice(1, -1).every((name) => name === "message"), order);
  await page.evaluate(() => {
    globalThis.told = [];
    // What is inserted into a polite or assertive region is what is read out.
    new MutationObserver((changes) => {
      for (const { target, addedNodes, type } of changes) {
        const el = target.nodeType === Node.TEXT_NODE ? target.parentElement : target;
        const region = el?.closest("[aria-live], [role=status], [role=alert], [role=log]");
        if (region === null || region === undefined || region.getAttribute("aria-live") === "off") continue;
        for (const text of type === "characterData" ? [target.data] : [...addedNodes].map((n) => n.textContent)) if (text !== "") globalThis.told.push(text);
      }
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  const answers = page.locator(`[data-testid=message][data-author='${eliza.id}']:not([data-streaming])`);
  const before = await answers.count();
  await page.getByTestId("composer").fill("The one on the left, who has a dog that barks at night");
  await page.keyboard.press("Enter");
  const answer = answers.nth(before);
  await answer.waitFor();
  const text = (await answer.getByTestId("message-text").innerText()).trim();
  await page.waitForFunction((words) => document.querySelector("[data-testid=announcer]").textContent.includes(words), text);
  await seed.say(ids.fence, bob, "Are you two talking about my dog?");
  await page.waitForFunction(() => document.querySelector("[data-testid=announcer]").textContent.includes("my dog"));
  await page.getByTestId("stop").waitFor({ state: "detached" });
  const told = await page.evaluate(() => globalThis.told);
  const count = (words) => told.filter((one) => one.includes(words)).length;
  check("a streamed answer is told once and whole", count(text) === 1 && told.every((one) => one.includes(text) || !text.startsWith(one.replace(/^Eliza: /, ""))), told);
  check("a message is told once, with its author", count(`${bob.name}: Are you two talking about my dog?`) === 1, told);
  check("our own message is not told", count("barks at night") === 0, told);
  await page.close();
}
