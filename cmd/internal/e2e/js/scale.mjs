// Fills channels and measures that the chat page does not mind: hundreds of messages a
// second, and a channel with thousands of them scrolled back to its beginning.
// Usage: node scale.mjs http://127.0.0.1:3000 <chromium>
// The server must have no limit on what a socket may send.
import { check, finish } from "./lib.mjs";
import { anchor, away, faults, launch, must, open, pause, person, place, rested, say, shown, step, until, watch, Witness } from "./pages.mjs";

const [url, executablePath] = process.argv.slice(2);
const total = 20_000;
const browser = await launch(executablePath);
const witness = await Witness.at(url);
const percentile = (all, p) => [...all].sort((a, b) => a - b)[Math.min(all.length - 1, Math.floor(all.length * p))];

/** What the messages are like: short ones, long ones, and some with markup. */
const words = (i) => [`Message ${i}.`, `Message ${i}: ${"the sea was calm that morning, ".repeat((i % 5) + 1)}`, `Message ${i} with **bold** and \`code\``,
  `Message ${i}:\n- one\n- two\n- three`][i % 4];

/** Sends n messages, a thousand at a time, in order. */
async function seed(channel, n) {
  for (let i = 0; i < n; i += 1_000) {
    await Promise.all(Array.from({ length: Math.min(1_000, n - i) }, (_, k) => witness.send(channel, words(i + k))));
  }
}

/** Types, and gives how long each character took from its key to the screen. */
async function type(page, text, delay) {
  await page.getByTestId("composer").focus();
  await page.evaluate(() => {
    window.__keys = [];
    document.getElementById("composer").onkeydown = ({ timeStamp }) =>
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => window.__keys.push(performance.now() - timeStamp);
        port2.postMessage("");
      });
  });
  await page.keyboard.type(text, { delay });
  await page.waitForFunction((n) => window.__keys.length === n, text.length);
  must((await page.getByTestId("composer").inputValue()) === text, "what was typed stands there");
  await page.getByTestId("composer").fill("");
  return page.evaluate(() => window.__keys);
}

/** Notes the time of every frame until it is told to stop. */
async function frames(page, during) {
  await page.evaluate(() => {
    window.__frames = [];
    let last = performance.now();
    const frame = (now) => {
      window.__frames?.push(now - last);
      last = now;
      if (window.__frames) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  await during();
  return page.evaluate(() => {
    const all = window.__frames.slice(1);
    window.__frames = undefined;
    return all;
  });
}

const report = (all) => `p50 ${Math.round(percentile(all, 0.5))} ms, p95 ${Math.round(percentile(all, 0.95))} ms, max ${Math.round(percentile(all, 1))} ms of ${all.length}`;
const drawn = (page) => page.getByTestId("message").count();
const beginning = (page) => page.getByTestId("beginning").isVisible();

await step("the first load", async () => {
  const context = await browser.newContext();
  const page = watch(await context.newPage(), "first load", url);
  const cdp = await context.newCDPSession(page);
  await cdp.send("Network.enable");
  let bytes = 0;
  cdp.on("Network.loadingFinished", (e) => (bytes += e.encodedDataLength));
  const began = Date.now();
  await page.goto(url);
  await page.getByTestId("name-input").waitFor();
  const usable = Date.now() - began;
  const { paint, dom } = await page.evaluate(() => ({ paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
    dom: performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd }));
  await pause(500);
  await context.close();
  must(bytes < 300_000, "bytes", bytes);
  return `${Math.round(bytes / 1000)} KB, DOM after ${Math.round(dom)} ms, first paint ${Math.round(paint)} ms, usable ${usable} ms`;
});

const ann = await person(browser, url, "Ann");
await ann.getByTestId("channel-title").waitFor();

await step("500 messages a second in the open channel", async () => {
  const channel = await witness.channel("Rush");
  await open(ann, channel);
  const senders = await Promise.all(Array.from({ length: 10 }, () => Witness.at(url)));
  let sent = 0;
  const sends = [];
  const began = Date.now();
  const rush = (async () => {
    for (let tick = 0; tick < 150; tick++) {
      for (const sender of senders) sends.push(sender.send(channel, `Rush ${sent++}`));
      await pause(Math.max(0, began + tick * 20 - Date.now()));
    }
  })();
  let keys;
  const times = await frames(ann, async () => {
    keys = await type(ann, "I can write while all of them talk at once", 50);
    await rush;
  });
  const acks = await Promise.all(sends);
  const took = Date.now() - began;
  const stored = acks.map((ack) => ack.id);
  await until("the last one is shown", async () => {
    const last = (await witness.stored(channel)).at(-1).id;
    return (await shown(ann)).at(-1)?.id === last;
  });
  for (const { socket } of senders) socket.close();
  // Everything, from the end to the beginning, as the page draws it.
  const seen = await walk(ann);
  must(seen.length === sent && new Set(seen).size === sent && stored.every((id) => seen.includes(id)), "shown", seen.length, "sent", sent);
  const order = await everything(channel, sent);
  must(order.every((id, i) => seen[i] === id), "the order", order.findIndex((id, i) => seen[i] !== id));
  must(percentile(keys, 0.95) < 3_000 && percentile(times, 1) < 10_000, report(keys), report(times));
  return `${sent} in ${took} ms; a key takes ${report(keys)}; frames ${report(times)}`;
});

/** Scrolls to the end, then back to the beginning, and gives the ids of all that was drawn, in order. */
async function walk(page) {
  return page.getByTestId("messages").evaluate(async (list) => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    let all = [];
    list.scrollTop = list.scrollHeight;
    await frame();
    for (let still = 0; still < 20 || !document.querySelector("[data-testid=beginning]"); ) {
      const ids = [...list.querySelectorAll("article")].map((a) => a.dataset.id);
      const joint = ids.indexOf(all[0]);
      if (all.length > 0 && joint < 0) return [`a gap before ${all[0]}`];
      all = [...(joint < 0 ? ids : ids.slice(0, joint)), ...all];
      const before = list.scrollTop;
      list.scrollTop = before - 600;
      await frame();
      still = before === list.scrollTop ? still + 1 : 0;
    }
    return all;
  });
}

/** The ids of everything stored in a channel, oldest first. */
async function everything(channel, n) {
  let all = [];
  for (let hasOlder = true; hasOlder; ) {
    const before = all.length > 0 ? { beforeSeq: all[0].seq } : {};
    const { data } = await witness.call("messages:list", { channelId: channel.id, limit: 1000, ...before });
    all = [...data.messages.reverse().map((m) => ({ id: m.id, seq: m.seq ?? m.metadata?.seq })), ...all];
    hasOlder = data.hasOlder;
  }
  must(n === undefined || all.length === n, "stored", all.length);
  return all.map(({ id }) => id);
}

/** Waits until a message stands where it was, when the page has drawn all that came. */
const stands = (what, was, within) => until(what, async () => {
  const now = await place(ann, was.id);
  return (now !== null && Math.abs(now - was.at) < within) || Promise.reject(new Error(JSON.stringify([was, now])));
});

const large = await witness.channel("Large");
await step(`${total} messages are stored`, () => seed(large, total));
await step("older pages come in, and what is looked at stays where it is", async () => {
  const before = Date.now();
  await open(ann, large);
  await ann.getByTestId("message-text").filter({ hasText: `Message ${total - 1}` }).first().waitFor();
  const opened = Date.now() - before;
  const held = [];
  await ann.route(/beforeSeq/, async (route) => {
    await new Promise((release) => held.push(release));
    await route.continue();
  });
  await ann.getByTestId("messages").hover();
  const moved = [];
  let pages = 0;
  for (let i = 0; pages < 6 && i < 3_000; i++) {
    await ann.mouse.wheel(0, -700);
    await pause(150);
    if (held.length === 0) continue;
    const was = await rested(ann);
    const coming = ann.waitForResponse(/beforeSeq/);
    for (const release of held.splice(0)) release();
    await coming;
    pages++;
    for (let frame = 0; frame < 15; frame++) {
      const now = await place(ann, was.id);
      must(now !== null, "the anchored message is gone");
      moved.push(Math.abs(now - was.at));
      await pause(20);
    }
  }
  await ann.unroute(/beforeSeq/);
  for (const release of held) release();
  must(pages === 6 && Math.max(...moved) < 4, "moved by", Math.max(...moved), pages);
  return `opened after ${opened} ms; ${pages} pages, moved by at most ${Math.max(...moved).toFixed(1)} px`;
});
await step("the wheel leads back to the beginning", async () => {
  await ann.getByTestId("messages").hover();
  let most = 0;
  const times = await frames(ann, async () => {
    for (let i = 0; i < 20_000 && !(await beginning(ann)); i++) {
      await ann.mouse.wheel(0, -15_000);
      most = Math.max(most, await drawn(ann));
    }
  });
  const count = Number(await ann.getByTestId("message").first().getAttribute("aria-setsize"));
  must(count === total, "loaded", count);
  must(most < 400, "drawn at most", most);
  must(percentile(times, 1) < 10_000, report(times));
  return `${count} loaded, at most ${most} drawn; frames ${report(times)}`;
});
await step("all of them scroll smoothly", async () => {
  let most = 0;
  const times = await frames(ann, async () => {
    for (let i = 0; i < 100; i++) {
      await ann.mouse.wheel(0, i % 50 < 25 ? 900 : i % 2 ? -400 : 2_500);
      await pause(16);
      if (i % 10 === 0) most = Math.max(most, await drawn(ann));
    }
    for (let i = 0; i < 20; i++) {
      await ann.getByTestId("messages").evaluate((list, to) => { list.scrollTop = to * list.scrollHeight; }, (i * 7 % 20) / 20);
      await pause(50);
      must((await drawn(ann)) > 0, "something is drawn");
    }
  });
  must(most < 400 && percentile(times, 1) < 10_000, most, report(times));
  return `at most ${most} drawn; frames ${report(times)}`;
});
await step("typing among all of them is swift, and one more comes in", async () => {
  await ann.getByTestId("jump").click();
  const keys = await type(ann, "Can I still write quickly in here, please?", 40);
  const began = Date.now();
  await witness.send(large, "one more");
  await ann.getByTestId("message-text").filter({ hasText: "one more" }).waitFor();
  const came = Date.now() - began;
  must(percentile(keys, 0.95) < 3_000, report(keys));
  return `a key takes ${report(keys)}; a message ${came} ms`;
});
await step("a hundred messages a second among all of them", async () => {
  const senders = [];
  let keys;
  const times = await frames(ann, async () => {
    const rush = (async () => {
      for (let i = 0; i < 200; i++) (senders.push(witness.send(large, `More ${i}`)), await pause(10));
    })();
    keys = await type(ann, "all the while somebody writes and writes", 40);
    await rush;
  });
  await Promise.all(senders);
  await ann.getByTestId("message-text").filter({ hasText: /^More 199$/ }).waitFor();
  must(percentile(keys, 0.95) < 3_000 && percentile(times, 1) < 10_000, report(keys), report(times));
  return `a key takes ${report(keys)}; frames ${report(times)}`;
});
await step("the page's memory", async () => {
  const cdp = await ann.context().newCDPSession(ann);
  await cdp.send("HeapProfiler.collectGarbage");
  await cdp.send("Performance.enable");
  const { metrics } = await cdp.send("Performance.getMetrics");
  const { JSHeapUsedSize: heap, Nodes: nodes } = Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  must(heap < 300e6 && nodes < 20_000, heap, nodes);
  return `${Math.round(heap / 1e6)} MB, ${nodes} nodes`;
});
await step("a message far back is found, opened in its place, and left again", async () => {
  await ann.reload();
  await ann.getByTestId("message-text").filter({ hasText: "More 199" }).waitFor();
  const target = "Message 101:";
  await ann.getByTestId("open-search").click();
  await ann.getByTestId("search-input").fill(target);
  await ann.getByTestId("search-result").filter({ hasText: target }).click();
  await ann.getByTestId("message-text").filter({ hasText: target }).first().waitFor();
  for (const near of ["Message 100.", "Message 104."]) await ann.getByTestId("message-text").filter({ hasText: near }).first().waitFor();
  await ann.getByTestId("search-close").click();
  // Scrolling down from there leads through what follows.
  await ann.getByTestId("messages").hover();
  const later = ann.getByTestId("message-text").filter({ hasText: /^Message 400\.$/ });
  for (const until = Date.now() + 240_000; Date.now() < until && (await later.count()) === 0; ) {
    await ann.mouse.wheel(0, 800);
    await pause(30);
  }
  must((await later.count()) === 1, "Message 400");
  await ann.getByTestId("jump").click();
  await ann.getByTestId("message-text").filter({ hasText: /^More 199$/ }).waitFor();
});
await step("in the middle of history nothing is moved or lost by what comes in, is changed, or is resized", async () => {
  const target = "Message 201:";
  await ann.getByTestId("open-search").click();
  await ann.getByTestId("search-input").fill(target);
  await ann.getByTestId("search-result").filter({ hasText: target }).click();
  await ann.getByTestId("message-text").filter({ hasText: target }).first().waitFor();
  await ann.getByTestId("search-close").click();
  await pause(300);
  const was = await rested(ann);
  const holds = async (what, within = 4) => {
    await pause(300);
    await stands(what, was, within);
  };
  for (let i = 0; i < 5; i++) await witness.send(large, `Come in ${i}`);
  await ann.getByTestId("jump").filter({ hasText: "new message" }).waitFor();
  await holds("messages came in");
  const all = await everything(large);
  const at = all.indexOf(was.id);
  // Above the view, and in it.
  for (const [k, content] of [[at - 2, "one line\n".repeat(8)], [at + 2, "changed"]]) {
    await witness.call("messages:update", { channelId: large.id, messageId: all[k], content });
  }
  await witness.call("messages:delete", { channelId: large.id, messageId: all[at - 1] });
  await ann.locator(`[data-id="${all[at + 2]}"]`).filter({ hasText: "changed" }).waitFor();
  await ann.locator(`[data-id="${all[at - 1]}"]`).waitFor({ state: "detached" });
  await holds("others changed and went");
  for (const width of [500, 1280]) {
    await ann.setViewportSize({ width, height: 800 });
    await pause(300);
    await until(`the message is there when the page is ${width} wide`, async () => (await place(ann, was.id)) !== null);
  }
  await holds("the page was resized", 40);
  // What the anchor goes by is deleted: the next ones stay where they are.
  const next = await place(ann, all[at + 1]);
  await witness.call("messages:delete", { channelId: large.id, messageId: was.id });
  await ann.locator(`[data-id="${was.id}"]`).waitFor({ state: "detached" });
  await pause(200);
  await until(`the next one is there, which was at ${next}`, async () => (await place(ann, all[at + 1])) !== null);
});
await step("the end of a page of old history is no place to skip from", async () => {
  await ann.route(/afterSeq/, async (route) => {
    await pause(300);
    await route.continue();
  });
  const order = await everything(large);
  let seen = [];
  for (let i = 0; i < 400 && seen.length < 700; i++) {
    const ids = await ann.getByTestId("messages").evaluate(async (list) => {
      list.scrollTop += list.clientHeight * 2;
      await new Promise((done) => setTimeout(done, 60));
      return [...list.querySelectorAll("article")].map((a) => a.dataset.id);
    });
    const known = new Set(seen);
    const fresh = ids.filter((id) => !known.has(id));
    if (seen.length > 0 && fresh.length === ids.length) throw new Error(`a gap after ${order.indexOf(seen.at(-1))}: ${order.indexOf(ids[0])}`);
    seen = [...seen, ...fresh];
  }
  await ann.unroute(/afterSeq/);
  const from = order.indexOf(seen[0]);
  must(seen.length >= 700 && seen.every((id, i) => order[from + i] === id), seen.length, from, seen.findIndex((id, i) => order[from + i] !== id));
  // A page that fails says so, and can be asked for again.
  await ann.route(/afterSeq/, (route) => route.fulfill({ status: 503, json: { success: false, error: { code: "DB_ERROR", message: "Not now." } } }));
  away.now = true;
  for (let i = 0; i < 1_000 && !(await ann.getByTestId("history-retry").isVisible()); i++) {
    await ann.getByTestId("messages").evaluate((list) => { list.scrollTop += 3_000; });
    await pause(50);
  }
  await ann.unroute(/afterSeq/);
  const last = seen.length;
  await ann.getByTestId("history-retry").last().click();
  await ann.getByTestId("history-retry").waitFor({ state: "detached" });
  away.now = false;
  must(last > 0, last);
  await ann.getByTestId("messages").press("End");
  await pause(300);
  must(await ann.getByTestId("jump").isVisible(), "End leads to the end of a page, not through all of them");
  await say(ann, "mine, from the middle");
  await ann.getByTestId("message-text").filter({ hasText: "mine, from the middle" }).waitFor();
  await ann.getByTestId("message-text").filter({ hasText: "Come in 4" }).waitFor();
  await ann.getByTestId("jump").waitFor({ state: "detached" });
});
await step("scrolled back in the log, the place holds when messages come in and the page is resized", async () => {
  await ann.getByTestId("messages").hover();
  await ann.mouse.wheel(0, -1_500);
  await pause(400);
  const was = await rested(ann);
  for (let i = 0; i < 5; i++) await witness.send(large, `Below ${i}`);
  await ann.getByTestId("jump").filter({ hasText: "5 new messages" }).waitFor();
  await ann.setViewportSize({ width: 700, height: 500 });
  await pause(300);
  await ann.setViewportSize({ width: 1280, height: 800 });
  await pause(300);
  await stands("the place", was, 40);
  await ann.getByTestId("jump").click();
  await ann.getByTestId("message-text").filter({ hasText: "Below 4" }).waitFor();
  await ann.getByTestId("jump").waitFor({ state: "detached" });
  // At the end it stays at the end.
  for (const height of [500, 800]) {
    await ann.setViewportSize({ width: 1280, height });
    await pause(300);
    await until(`it is at the end when the page is ${height} high`, () =>
      ann.getByTestId("messages").evaluate((list) => list.scrollHeight - list.scrollTop - list.clientHeight < 2));
  }
});
check("no page complained", faults.length === 0, faults.slice(0, 5));
await browser.close();
await finish();
