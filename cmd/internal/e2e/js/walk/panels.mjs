// The states around a talk: history, search, dialogs, and what is empty.
import { go, me, message, sideBar } from "./talks.mjs";

/** history is a long channel, scrolled back and searched. */
export async function history({ stage, line, ids }) {
  const page = await stage.page(`${line.url}/#${ids.archive}`, me);
  await message(page, "Note 140").waitFor();
  await page.getByTestId("messages").evaluate((el) => (el.scrollTop -= 1_500));
  await page.getByTestId("jump").waitFor();
  await stage.look(page, "30-scrolled-back");
  await page.getByTestId("open-search").click();
  await page.getByTestId("search-input").waitFor();
  await stage.look(page, "31-search-empty");
  await page.getByTestId("search-input").fill("anchor");
  await page.getByTestId("search-result").first().waitFor();
  await stage.look(page, "32-search-results");
  await page.getByTestId("search-result").last().click();
  await page.locator(".message.lit").waitFor();
  await stage.look(page, "33-search-opened");
  // Where there is little room the search closes over what was found.
  if (!(await page.getByTestId("search-input").isVisible())) await page.getByTestId("open-search").click();
  await page.getByTestId("search-input").fill("no such words anywhere");
  await page.getByTestId("search-status").filter({ hasText: "No message" }).waitFor();
  await stage.look(page, "34-search-nothing");
  await page.getByTestId("search-close").click();
  await page.getByTestId("jump").click();
  await message(page, "Note 140").waitFor();
  await page.getByTestId("jump").waitFor({ state: "detached" });
  await page.close();
}

/** dialogs are all that are opened from the page. */
export async function dialogs({ stage, line, ids }) {
  const page = await stage.page(`${line.url}/#${ids.crew}`, me);
  await message(page, "at five").waitFor();
  await page.keyboard.press("Control+k");
  await page.getByTestId("switcher-option").first().waitFor();
  await stage.look(page, "40-switcher");
  await page.getByTestId("switcher-input").fill("zzz");
  await page.getByTestId("switcher-option").first().waitFor({ state: "detached" });
  await stage.look(page, "41-switcher-nothing");
  await page.keyboard.press("Escape");
  await page.getByTestId("switcher-dialog").waitFor({ state: "detached" });
  await page.keyboard.press("Control+/");
  await page.getByTestId("shortcuts-dialog").waitFor();
  await stage.look(page, "42-shortcuts");
  await page.keyboard.press("Escape");
  await sideBar(stage, page);
  for (const [opener, dialog, name] of [["open-settings", "settings-dialog", "43-settings"],
    ["new-channel", "channel-dialog", "45-new-channel"]]) {
    await page.getByTestId(opener).click();
    await page.getByTestId(dialog).waitFor();
    await stage.look(page, name);
    await page.keyboard.press("Escape");
    await page.getByTestId(dialog).waitFor({ state: "detached" });
  }
  if (stage.small) await page.keyboard.press("Escape");
  await channelActions({ stage, page, ids });
  await page.close();
}

/** channelActions are what can be done with a channel. */
async function channelActions({ stage, page, ids }) {
  await page.getByTestId("channel-menu").click();
  await page.getByTestId("menu-list").waitFor();
  await stage.look(page, "46-channel-menu");
  await page.getByTestId("action-members").click();
  await page.getByTestId("members-dialog").waitFor();
  await stage.look(page, "47-members");
  await page.getByTestId("members-edit").click();
  await page.getByTestId("member-agent").first().waitFor();
  await stage.look(page, "48-change-members");
  await page.keyboard.press("Escape");
  for (const [action, dialog, name] of [["action-rename", "rename-dialog", "49-rename"], ["action-clear", "confirm-dialog", "50-clear"],
    ["action-delete-channel", "confirm-dialog", "51-delete-channel"]]) {
    await page.getByTestId("channel-menu").click();
    await page.getByTestId(action).click();
    await page.getByTestId(dialog).waitFor();
    await stage.look(page, name);
    await page.keyboard.press("Escape");
    await page.getByTestId(dialog).waitFor({ state: "detached" });
  }
  await go(page, ids.empty);
  await page.getByTestId("beginning").waitFor();
  await stage.look(page, "52-empty-channel");
  await go(page, ids.spare);
  await page.getByTestId("channel-menu").click();
  await page.getByTestId("action-delete-channel").click();
  await page.getByTestId("confirm-submit").click();
  await page.getByTestId("channel-title").filter({ hasText: "Lobby" }).waitFor();
}
