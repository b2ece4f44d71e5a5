// Walks every state of the chat page in one window size and theme. Each state is kept as
// a screenshot and held to the same rules: no fault found by axe, no console error, no
// violation of the CSP, nothing wider than the window, no target too small for a finger.
// With "all" also keyboard, screen reader and the weight of the first load.
// Usage: node walk.mjs <server> <server with a key> <key> <folder> <chromium> phone|wide light|dark [all]
import { chromium } from "playwright-core";
import { check, finish } from "./lib.mjs";
import { firstLoad } from "./walk/budget.mjs";
import { keyboard, reader } from "./walk/keyboard.mjs";
import { Line } from "./walk/line.mjs";
import { dialogs, history } from "./walk/panels.mjs";
import { Seed } from "./walk/seed.mjs";
import { Stage } from "./walk/stage.mjs";
import { directChats, firstVisit, formatted, group, oneMessage } from "./walk/talks.mjs";
import { loading, locked, sending, still } from "./walk/trouble.mjs";

const [url, lockedUrl, key, out, executablePath, size, theme, extent] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--disable-quic",
  "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"] });
const stage = new Stage({ browser, out, size, theme });
const seed = new Seed(url);
const began = Date.now();
const ids = await seed.fill();
console.log(`seeded in ${Date.now() - began} ms`);
// What looks the same in every window is gone through once.
const once = extent === "all" ? { firstLoad, keyboard, reader } : {};
const scenes = { firstVisit, directChats, group, oneMessage, formatted, history, dialogs, sending, loading, locked, still, ...once };
const line = await Line.open(url);
for (const [name, scene] of Object.entries(scenes)) {
  const start = Date.now();
  await stage.act(name, () => scene({ browser, stage, seed, ids, line, lockedUrl, key }));
  line.mend();
  await stage.clear();
  console.log(`${name}: ${Date.now() - start} ms`);
}
line.close();
check("all states were looked at", stage.looks > 0);
await browser.close();
console.log(`${stage.looks} states in ${Date.now() - began} ms`);
await finish();
