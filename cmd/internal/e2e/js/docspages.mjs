// Holds the pages below /api/docs to the rules of the chat page: no fault found by axe, no
// console error (so nothing that the content policy forbids), no sideways scrolling, not even
// of a table on a phone, in both looks, on a phone and a desktop; and tries their search by
// keyboard.
// Usage: node docspages.mjs http://127.0.0.1:3000 <folder for screenshots> <chromium>
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { check, finish } from "./lib.mjs";
import { launch } from "./pages.mjs";

const [url, folder, executablePath] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await launch(executablePath);
const sizes = { phone: { width: 390, height: 844 }, wide: { width: 1280, height: 900 } };

for (const [size, viewport] of Object.entries(sizes)) {
  for (const colorScheme of ["light", "dark"]) {
    const page = await browser.newPage({ viewport, colorScheme });
    const errors = [];
    page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.goto(`${url}/api/docs`);
    const names = await page.$$eval(".overview h2 a", (links) => links.map((link) => link.getAttribute("href")));
    for (const path of ["/api/docs", ...names]) {
      await page.goto(url + path);
      await page.$$eval("main details", (all) => all.forEach((one) => { one.open = true; }));
      await page.evaluate(axe);
      const faults = await page.evaluate(async () => (await axe.run()).violations.map((v) => `${v.id}: ${v.nodes[0].html}`));
      const wide = size === "phone" && await page.$$eval(".scroll:has(table)", (all) => all.filter((one) => one.scrollWidth > one.clientWidth).length);
      const sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      check(`${size} ${colorScheme} ${path}`, faults.length === 0 && !wide && sideways <= 0 && errors.length === 0, { faults, wide, sideways, errors });
      errors.length = 0;
    }
    for (const path of ["/api/docs", "/api/docs/messages", "/api/docs/events"]) {
      await page.goto(url + path);
      await page.screenshot({ path: join(folder, `docs-${size}-${colorScheme}${path.slice("/api/docs".length).replace("/", "-")}.png`) });
    }
    await page.close();
  }
}

const page = await browser.newPage({ viewport: sizes.wide });
await page.goto(`${url}/api/docs`);
await page.keyboard.press("/");
await page.keyboard.type("post messages channel created");
check("the search finds by words", (await page.textContent("#found")) === "1 found", await page.textContent("#found"));
await page.keyboard.press("Enter");
await page.waitForURL("**/api/docs/messages#messages:send");
check("Enter opens what was found", true);
const shown = await page.$$eval(".code code", (blocks) => blocks.map((block) => block.textContent).join("\n"));
check("the examples name this server", shown.includes(`${url}/api/`) && !shown.includes("localhost:3000"));
const plain = await browser.newContext({ javaScriptEnabled: false, viewport: sizes.phone });
const still = await plain.newPage();
await still.goto(`${url}/api/docs/agents`);
check("without script everything is there", (await still.$$(".menu li a")).length > 20 && (await still.$$("main pre")).length > 3);
await browser.close();
await finish();
