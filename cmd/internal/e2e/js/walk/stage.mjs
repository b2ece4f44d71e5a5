// How the page is opened and judged: every state is looked at in the same way.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { check } from "../lib.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** What the browser itself says about a line that is cut or a request that is refused. */
const networkWords = /Failed to load resource|WebSocket connection to|net::ERR_/;

/** The windows in which the walk is done. */
const sizes = {
  phone: { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true },
  wide: { viewport: { width: 1440, height: 900 } },
};

/** Stage opens pages of one size and theme and looks at their states. */
export class Stage {
  faults = [];
  looks = 0;
  /** Whether the browser may report that it did not reach the server. */
  rough = false;

  constructor({ browser, out, size, theme }) {
    Object.assign(this, { browser, out, size, theme });
    this.small = size === "phone";
  }

  /**
   * page opens the page with what the browser remembers. All pages share what is loaded
   * once, but for those that stand apart: they are somebody else's browser.
   */
  async page(url, kept = {}, { apart = false } = {}) {
    const context = apart || this.context === undefined ? await this.#context() : this.context;
    if (!apart) this.context = context;
    const page = await context.newPage();
    await page.addInitScript((values) => {
      for (const [name, value] of Object.entries(values)) if (localStorage.getItem(name) === null) localStorage.setItem(name, value);
      globalThis.violations = [];
      addEventListener("securitypolicyviolation", (e) => globalThis.violations.push(`${e.violatedDirective} ${e.blockedURI}`));
    }, kept);
    page.setDefaultTimeout(60_000);
    page.on("console", (m) => {
      if (["error", "warning"].includes(m.type()) && !(this.rough && networkWords.test(m.text()))) this.faults.push(m.text());
    });
    page.on("pageerror", (e) => this.faults.push(e.message));
    await page.goto(url);
    return page;
  }

  #context() {
    return this.browser.newContext({ ...sizes[this.size], colorScheme: this.theme, locale: "en-GB", timezoneId: "UTC" });
  }

  /** clear closes every page and forgets what they complained about. */
  async clear() {
    for (const context of this.browser.contexts()) {
      if (context === this.context) await Promise.all(context.pages().map((page) => page.close()));
      else await context.close();
    }
    this.faults.splice(0);
    this.rough = false;
  }

  /** act does something, and goes on after a failure. */
  async act(name, run) {
    try {
      await run();
    } catch (err) {
      check(name, false, String(err.stack ?? err).split("\n").slice(0, 6).join("\n"));
    }
  }

  /** look judges a state and keeps a picture of it. */
  async look(page, name) {
    this.looks++;
    const began = Date.now();
    const picture = `${this.size}-${this.theme}-${name}.jpg`;
    await page.evaluate(() => document.fonts.ready);
    await page.screenshot({ path: `${this.out}/${picture}`, type: "jpeg", quality: 60, animations: "disabled" });
    const faults = [...(await this.#axe(page)), ...(await page.evaluate(measured, this.small)), ...this.faults.splice(0)];
    check(`${picture} (${Date.now() - began} ms)`, faults.length === 0, `\n    ${faults.join("\n    ")}`);
  }

  /** axe returns what breaks a rule of accessibility. */
  async #axe(page) {
    if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axe);
    const { violations } = await page.evaluate((values) => globalThis.axe.run(document, { runOnly: values, resultTypes: ["violations"] }), tags);
    return violations.flatMap(({ id, nodes }) => nodes.map((n) => `axe ${id}: ${n.html.slice(0, 160)} ${n.failureSummary.split("\n").slice(1, 3).join(" ").trim()}`));
  }
}

/** measured runs in the page: it returns what is too wide, too small or forbidden. */
function measured(small) {
  const faults = globalThis.violations.splice(0).map((v) => `CSP: ${v}`);
  const { scrollWidth } = document.scrollingElement;
  if (scrollWidth > innerWidth) faults.push(`the page is ${scrollWidth} px wide`);
  const modal = document.querySelector("dialog[open]");
  const shown = (el) => {
    const box = el.getBoundingClientRect();
    const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    return box.width > 0 && (hit === el || el.contains(hit)) && (modal === null || modal.contains(el));
  };
  for (const el of small ? document.querySelectorAll("button, a[href], input, textarea, [role=option], [role=menuitem]") : []) {
    const { width, height } = (el.closest("label.choice, .segments label") ?? el).getBoundingClientRect();
    // A link within a sentence is as high as its line.
    const inline = el.matches("p a, li a, td a") || el.matches("button.link");
    if (!inline && (width < 24 || height < 24) && shown(el)) {
      faults.push(`target of ${Math.round(width)}x${Math.round(height)}: ${el.outerHTML.slice(0, 120)}`);
    }
  }
  const list = document.querySelector("[data-testid=messages]");
  if (list !== null && list.scrollWidth > list.clientWidth + 1) faults.push(`the messages are ${list.scrollWidth} px wide in ${list.clientWidth}`);
  return faults;
}
