// Messages that are made to block, break or take over whoever shows them.
import { must, open, pause, person, say, shown, step, until } from "./pages.mjs";

/** Runs nowhere if all is well. */
const attack = "window.__pwned=1";

/** Texts that cost much, as [name, text]. */
const costly = [
  ["50,000 brackets", "[".repeat(50_000)],
  ["10,000 nested quotes", `${"> ".repeat(10_000)}x`],
  ["20,000 backticks", "`".repeat(20_000)],
  ["100 KB of emphasis", "a**b**".repeat(16_666)],
  ["100 KB of emphasis in lines", "a**b** c\n".repeat(11_000)],
  ["a huge table", `|${"a|".repeat(40)}\n|${"-|".repeat(40)}\n${`|${"b|".repeat(40)}\n`.repeat(240)}`],
  ["many small tables", "|a|b|\n|-|-|\n|c|d|\n\n".repeat(900)],
  ["5,000 links", "http://127.0.0.2/x ".repeat(5_000)],
  ["nested lists", Array.from({ length: 300 }, (_, i) => `${" ".repeat(i * 2)}- x`).join("\n")],
  ["a long line without spaces", "x".repeat(100_000)],
  ["100 KB of words", "word ".repeat(20_000)],
  ["combining marks", `Z${"\u0301\u0489\u0360".repeat(3_000)}`],
  ["emphasis that never ends", "*a _b ".repeat(3_000)],
  ["open links", "[a](b".repeat(4_000)],
  ["entities", "&amp;&#x3c;&notanentity;".repeat(4_000)],
  ["mentions", "@Ann @Eliza ".repeat(1_600)],
];

/** Texts that want to do something, as they are to be shown. */
const hostile = [
  `<script>${attack}</script>`, `<img src=x onerror="${attack}">`, `<svg onload="${attack}"><script>${attack}</script></svg>`,
  `<iframe srcdoc="<script>parent.${attack}</script>"></iframe>`, `<style>*{display:none!important}</style>`, `<math><mtext><img src=x onerror=${attack}>`,
  `[a](javascript:${attack})`, `[b](JaVaScRiPt&colon;${attack})`, `[c](data:text/html,<script>${attack}</script>)`, `<javascript:${attack}>`,
  `[d](vbscript:x) ![e](http://127.0.0.2/track.png) ![f](javascript:${attack})`, `<a href="javascript:${attack}">g</a>`,
  `[h]( java\nscript:${attack})`, `[x](http://127.0.0.2/"onmouseover="${attack})`, `\`\`\`"><img src=x onerror=${attack}>\ncode\n\`\`\``,
  `| <img src=x onerror=${attack}> |\n|-|\n| \`<svg onload=${attack}>\` |`, `&lt;script&gt;${attack}&lt;/script&gt;`, `<form action=//127.0.0.2><button>`,
  `<!--><img src=x onerror=${attack}>-->`, `<noscript><p title="</noscript><img src=x onerror=${attack}>">`,
];

/** Characters that turn what stands around them. */
const turning = "Invoice\u202Efdp.exe \u2066\u2067 \u202E";

/** Throws everything at a page of its own. */
export async function bombs({ browser, url, witness }) {
  const dan = await person(browser, url, "Dan");
  const longest = () => dan.evaluate(() => {
    const all = window.__seen.long.splice(0);
    return [Math.max(0, ...all), all.length];
  });
  await step("costly messages do not block the page", async () => {
    const worst = [];
    for (const [name, text] of costly) {
      const channel = await witness.channel(name);
      await open(dan, channel);
      await dan.getByTestId("beginning").waitFor();
      await longest();
      const { id } = await witness.send(channel, text);
      const message = dan.locator(`[data-id="${id}"]`);
      await message.waitFor();
      await pause(150);
      const [arrival] = await longest();
      const more = message.getByTestId("show-more");
      let unfolding = 0;
      if (await more.isVisible()) {
        // As often as it takes to see all of it.
        do {
          await more.click();
          await pause(150);
          unfolding = Math.max(unfolding, (await longest())[0]);
        } while (!(await more.textContent()).includes("less"));
        must((await message.getByTestId("message-text").textContent()).length > 1_000, name);
        if (name.endsWith("links")) must((await message.getByTestId("message-text").textContent()).trimEnd() === text.trimEnd(), "all of it is shown");
      }
      await dan.getByTestId("composer").fill("still here");
      await dan.reload();
      await message.waitFor();
      await pause(100);
      const [loading] = await longest();
      worst.push([name, arrival, unfolding, loading]);
      await dan.getByTestId("composer").fill("");
    }
    worst.sort((a, b) => Math.max(...b.slice(1)) - Math.max(...a.slice(1)));
    must(worst.every(([, ...times]) => Math.max(...times) < 10_000), worst.slice(0, 4));
    return `the longest tasks, at arrival, unfolding and loading: ${worst.slice(0, 5).map(([name, ...times]) => `${name} ${times.join("/")} ms`).join(", ")}`;
  });
  await step("hostile messages are texts", async () => {
    const channel = await witness.channel("Hostile");
    await open(dan, channel);
    for (const text of hostile) await witness.send(channel, text);
    await witness.send(channel, "an honest name", { senderName: `<img src=x onerror=${attack}>${turning}` });
    await say(dan, `${hostile[1]} [own](javascript:${attack})`);
    await until("all are shown", async () => (await shown(dan)).length === hostile.length + 2);
    const found = await dan.getByTestId("messages").evaluate((list) => ({
      elements: list.querySelectorAll(".text script, .text img, .text iframe, .text style, .text form, .text input, .text svg, .text math").length,
      links: [...list.querySelectorAll(".text a")].map((a) => a.href).filter((href) => !/^https?:/.test(href)),
      handlers: [...list.querySelectorAll(".text *")].flatMap((e) => e.getAttributeNames()).filter((name) => name.startsWith("on") || name === "style"),
    }));
    must(found.elements === 0 && found.links.length === 0 && found.handlers.length === 0, found);
    for (const link of await dan.locator(".text a").all()) must((await link.getAttribute("rel")).includes("noopener"), "a link without noopener");
    await dan.getByTestId("messages").evaluate((list) => list.querySelectorAll(".text *").forEach((e) => ["mouseover", "focus"].forEach((type) => e.dispatchEvent(new Event(type, { bubbles: true })))));
    const { pwned, refused } = await dan.evaluate(() => ({ pwned: window.__pwned, refused: window.__seen.refused }));
    must(pwned === undefined && refused.length === 0, pwned, refused);
  });
  await step("turning characters turn only their own message", async () => {
    const channel = await witness.channel(`Turned ${turning}`);
    await witness.send(channel, turning, { senderName: `Mallory${turning}` });
    await witness.send(channel, "after it");
    await open(dan, { id: channel.id, name: "Turned" });
    await until("both are shown", async () => (await shown(dan)).length === 2);
    // Where the letters of other texts stand tells whether they were turned.
    const turned = await dan.evaluate(() => {
      const left = (node, i) => {
        const range = document.createRange();
        range.setStart(node, i);
        range.setEnd(node, i + 1);
        return range.getBoundingClientRect().left;
      };
      const plain = [...document.querySelectorAll("[data-testid=message-text], [data-testid=message-author], time, .label, [data-testid=channel-title]")];
      return plain.flatMap((e) => {
        const walker = document.createTreeWalker(e, NodeFilter.SHOW_TEXT);
        const nodes = [];
        while (walker.nextNode()) nodes.push(walker.currentNode);
        return nodes.filter((n) => !/[\u202E\u2066\u2067]/.test(n.data) && n.data.trim().length > 2 && left(n, 1) < left(n, 0) && n.parentElement.getClientRects().length === 1)
          .map((n) => n.data);
      });
    });
    must(turned.length === 0, turned);
  });
  await dan.context().close();
}
