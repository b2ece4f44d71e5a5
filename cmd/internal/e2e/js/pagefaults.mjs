// Reloads, cuts off, stops and bombs the chat page, refuses what it sends, and kills the
// server while somebody writes: nothing may be lost, doubled or executed.
// Usage: node pagefaults.mjs http://127.0.0.1:3000 <chromium>
// The server must have no limit on what a socket may send. On the line "RESTART" on
// stdout the caller kills it; on "AWAY" it starts it again and writes a line to stdin.
import { check, finish } from "./lib.mjs";
import { bombs } from "./bombs.mjs";
import { act, away, confirm, eliza, faults, heard, killServer, launch, Line, must, open, pause, person, place, rested, say, shown, step, tab, until, Witness } from "./pages.mjs";

const [url, executablePath] = process.argv.slice(2);
const browser = await launch(executablePath);
const witness = await Witness.at(url);
const line = await Line.to(url);
// Ann's line can be cut, Bob's is always up.
const ann = await person(browser, line.url, "Ann");
const bob = await person(browser, url, "Bob");
const both = [ann, bob];
let made = 0;

/** Makes a channel that both have open. */
async function meeting(name, participants = []) {
  const channel = await witness.channel(`${name} ${++made}`, participants);
  await Promise.all(both.map((page) => open(page, channel)));
  return channel;
}

/** Cuts Ann off until she is told to come back. */
async function cutOff(meanwhile, { silently = false } = {}) {
  away.now = true;
  if (silently) line.silence();
  else line.cut();
  if (!silently) await ann.context().setOffline(true);
  await meanwhile();
  line.mend();
  await ann.context().setOffline(false);
  await ann.getByTestId("connection").waitFor({ state: "detached" });
  away.now = false;
}

/** A text without the signs of markup, as far as the agent uses them. */
const plain = (text) => text.replace(/[*_`]/g, "").replace(/\s+/g, " ").trim();
const texts = async (page) => (await shown(page)).map(({ text }) => text);
const lobbyId = (page) => page.evaluate(async () => (await (await fetch("/api/messaging/central-servers/00000000-0000-0000-0000-000000000000/channels")).json()).data.channels.find(({ name }) => name === "Lobby").id);
/** Waits until a page shows just these texts, in order. */
const shows = (page, wanted) => until("what is shown", async () => {
  const now = await texts(page);
  return JSON.stringify(now) === JSON.stringify(wanted) || Promise.reject(new Error(JSON.stringify({ now, wanted }).slice(0, 400)));
});
const openAnswer = (page) => page.locator("[data-testid=message][data-streaming]").first();
const grown = (page) => page.evaluate(() => window.__seen.grown);

/** Asks Eliza, and disturbs each answer at a random moment; everybody must end with what is stored. */
async function disturbed(times, disturb) {
  const channel = await meeting("Answers", [eliza]);
  let midway = 0;
  // A slow machine may be too late for an answer's middle: then it is tried some times more.
  let i = 0;
  for (; i < times || (midway === 0 && i < times + 6); i++) {
    await say(ann, `Eliza, tell me in many words what you think about my ${["brother", "mother", "work", "dreams", "friends"][i % 5]} (${i})`);
    await openAnswer(bob).waitFor();
    await pause(Math.random() * 400);
    const before = await grown(ann);
    await disturb();
    const after = await openAnswer(ann).isVisible();
    if (after) midway++;
    const answer = await until("the answer is stored", async () => {
      const all = await witness.stored(channel);
      const question = all.findLast((m) => m.content.endsWith(`(${i})`));
      return all.find((m) => m.authorId === eliza && m.inReplyToRootMessageId === question?.id);
    });
    const final = plain(answer.content);
    for (const page of both) {
      await until("the whole answer is shown once", async () => {
        const same = (await shown(page)).filter((m) => m.id === answer.id);
        return same.length === 1 && !same[0].streaming && plain(same[0].text) === final || Promise.reject(new Error(JSON.stringify([same, final])));
      });
      const steps = [...(page === ann ? before : []), ...(await grown(page))].filter(({ id }) => id === answer.id).map(({ text }) => plain(text));
      const broken = steps.findIndex((text, k) => !final.startsWith(text) || text.length < (steps[k - 1]?.length ?? 0));
      must(broken < 0, "the text so far", steps.slice(broken - 1, broken + 1), final);
    }
  }
  const stored = await witness.stored(channel);
  for (const page of both) {
    const ids = (await shown(page)).map(({ id }) => id);
    must(ids.join() === stored.map(({ id }) => id).join(), "shown", ids.length, "stored", stored.length);
  }
  must(midway > 0, "no answer was open when the page was back");
  return `${midway} of ${i} in the middle`;
}

await step("reloads in the middle of an answer", () => disturbed(10, async () => {
  await ann.reload();
  await ann.getByTestId("message").first().waitFor();
}));
await step("cuts in the middle of an answer", () => disturbed(3, () => cutOff(() => pause(Math.random() * 200))));
await step("three seconds without a network in the middle of an answer, and three of silence", async () => {
  const channel = await meeting("Outage", [eliza]);
  for (const silently of [false, true]) {
    await say(ann, `Eliza, what do you think of the sea? (${silently})`);
    await openAnswer(bob).waitFor();
    await cutOff(() => pause(3_000), { silently });
    const stored = await until("the answer is stored", async () => {
      const all = await witness.stored(channel);
      return all.length === (silently ? 4 : 2) && all;
    });
    for (const page of both) await shows(page, stored.map(({ content }) => content));
  }
});
await step("a stop, by the button and by Escape", async () => {
  const channel = await meeting("Stops", [eliza]);
  for (const [i, stop] of [() => ann.getByTestId("stop").click(), () => ann.keyboard.press("Escape")].entries()) {
    await say(ann, `Eliza, I want to hear a long story about you (${i})`);
    await openAnswer(ann).waitFor();
    const began = Date.now();
    await stop();
    await ann.keyboard.type("next");
    must((await ann.getByTestId("composer").inputValue()) === "next", "the composer");
    await openAnswer(ann).waitFor({ state: "detached" });
    must(Date.now() - began < 10_000, "stopped after", Date.now() - began);
    const last = (await until("it is stored", async () => {
      const all = await witness.stored(channel);
      return all.length === 2 * i + 2 && all;
    })).at(-1);
    must(last.metadata.stopped === true, last);
    for (const page of both) {
      const answer = page.locator(`[data-id="${last.id}"]`);
      await answer.getByTestId("stopped").waitFor();
      must(plain(await answer.getByTestId("message-text").textContent()) === plain(last.content), last.content);
    }
    await ann.getByTestId("stop").waitFor({ state: "detached" });
    await ann.getByTestId("composer").fill("");
  }
});
await step("the question is deleted while it is answered", async () => {
  const channel = await meeting("Secrets", [eliza]);
  await say(ann, "Eliza, I want to tell you a secret about my family");
  await openAnswer(bob).waitFor();
  const [{ id }] = await witness.stored(channel);
  await witness.call("messages:delete", { channelId: channel.id, messageId: id });
  for (const page of both) await shows(page, []);
  await pause(2_000);
  must((await witness.stored(channel)).length === 0, "stored");
  for (const page of both) must((await shown(page)).length === 0 && !(await page.getByTestId("stop").isVisible()), await shown(page));
});
await step("edits and deletions, seen at once and after an absence", async () => {
  const channel = await meeting("Edits");
  for (const text of ["one", "two", "three"]) await say(bob, text);
  await shows(ann, ["one", "two", "three"]);
  const [one, two, three] = (await witness.stored(channel)).map(({ id }) => id);
  const edit = async (id, text) => {
    await act(bob, id, "action-edit");
    await bob.getByTestId("edit-input").fill(text);
    await bob.getByTestId("edit-input").press("Enter");
    await heard(bob, text);
  };
  await edit(one, "ONE");
  await shows(ann, ["ONE", "two", "three"]);
  await ann.locator(`[data-id="${one}"]`).getByTestId("edited").waitFor();
  await cutOff(async () => {
    await edit(two, "TWO");
    await act(bob, three, "action-delete");
    await confirm(bob);
    await shows(bob, ["ONE", "TWO"]);
  });
  await shows(ann, ["ONE", "TWO"]);
});
/** Takes an action in the menu of Bob's channel and confirms it. */
async function channelAction(name) {
  await bob.getByTestId("channel-menu").click();
  await bob.getByTestId("menu-list").getByRole("menuitem", { name }).click();
  await confirm(bob);
}
/** Takes what Ann wrote for a channel that is gone from the notice of it. */
async function rescued(text) {
  await ann.getByTestId("notice").filter({ hasText: "was not sent" }).waitFor();
  await ann.getByTestId("notice-copy").click();
  await ann.getByTestId("notice-copy").filter({ hasText: "Copied" }).waitFor();
  await ann.getByTestId("composer").focus();
  await ann.keyboard.press("Control+V");
  must((await ann.getByTestId("composer").inputValue()) === text, await ann.getByTestId("composer").inputValue());
  await ann.getByTestId("composer").fill("");
  await ann.getByTestId("notice").getByRole("button", { name: "Dismiss" }).click();
}
await step("a channel is cleared, and deleted, while the other is in it, or away", async () => {
  for (const absent of [false, true]) {
    const channel = await meeting("Ends");
    await say(ann, "soon gone");
    await heard(bob, "soon gone");
    await (absent ? cutOff : (run) => run())(async () => {
      await channelAction(/clear/i);
      await shows(bob, []);
    });
    await shows(ann, []);
    await say(ann, "after the clearing");
    await heard(bob, "after the clearing");
    await (absent ? cutOff : (run) => run())(async () => {
      await ann.getByTestId("composer").fill("a draft");
      await channelAction(/delete/i);
      await bob.getByTestId("channel-title").filter({ hasText: "Lobby" }).waitFor();
    });
    await ann.getByTestId("channel-title").filter({ hasText: "Lobby" }).waitFor();
    await rescued("a draft");
    must((await ann.getByTestId("channel-item").filter({ hasText: channel.name }).count()) === 0, "it is still listed", absent);
  }
});
await step("what was written for a channel that was deleted meanwhile does not make it anew, and is told of", async () => {
  const channel = await meeting("Doomed");
  await cutOff(async () => {
    await say(ann, "words that cost me an hour");
    await witness.call("channels:delete", { channelId: channel.id });
  });
  await ann.getByTestId("channel-title").filter({ hasText: "Lobby" }).waitFor();
  await rescued("words that cost me an hour");
  await pause(500);
  const gone = await witness.call("channels:get", { channelId: channel.id }).catch((err) => err);
  must(gone instanceof Error, gone);
});
await step("an empty channel that is deleted during an absence is left", async () => {
  const channel = await meeting("Empty");
  await cutOff(() => witness.call("channels:delete", { channelId: channel.id }));
  await ann.getByTestId("channel-title").filter({ hasText: "Lobby" }).waitFor();
  await ann.getByTestId("notice").filter({ hasText: "was deleted" }).waitFor();
  await ann.getByTestId("notice").getByRole("button", { name: "Dismiss" }).click();
});

await step("a reader of old history keeps the place over an absence, and over an answer below", async () => {
  const channel = await meeting("Readers");
  for (let i = 0; i < 250; i += 50) await Promise.all(Array.from({ length: 50 }, (_, k) => witness.send(channel, `Line ${i + k}.`)));
  const all = (await witness.stored(channel)).map(({ id }) => id);
  await ann.getByTestId("open-search").click();
  await ann.getByTestId("search-input").fill("Line 30.");
  await ann.locator(`[data-testid=search-result][data-id="${all[30]}"]`).click();
  await ann.locator(`[data-testid=message][data-id="${all[30]}"]`).waitFor();
  await ann.getByTestId("search-close").click();
  await pause(300);
  await rested(ann);
  const at = 30;
  const was = await place(ann, all[at]);
  await cutOff(async () => {
    await witness.call("messages:update", { channelId: channel.id, messageId: all[at + 1], content: "changed meanwhile" });
    await witness.call("messages:delete", { channelId: channel.id, messageId: all[at + 2] });
    // More than one answer to a join holds.
    for (let i = 0; i < 700; i += 100) await Promise.all(Array.from({ length: 100 }, () => witness.send(channel, "written meanwhile")));
    await witness.send(channel, "the last one");
  });
  await ann.locator(`[data-id="${all[at + 1]}"]`).filter({ hasText: "changed meanwhile" }).waitFor();
  await ann.locator(`[data-id="${all[at + 2]}"]`).waitFor({ state: "detached" });
  await until("it stands where it was, after the absence", async () => {
    const now = await place(ann, all[at]);
    return (now !== null && Math.abs(now - was) < 4) || Promise.reject(new Error(JSON.stringify([was, now])));
  });
  await ann.getByTestId("jump").click();
  await heard(ann, "the last one");
  await witness.call("channels:update", { channelId: channel.id, participantCentralUserIds: [witness.socket.entity, eliza] });
  // At the end it goes along with an answer; scrolled up, if only a little, it stays.
  const left = () => ann.getByTestId("messages").evaluate((list) => list.scrollHeight - list.scrollTop - list.clientHeight);
  for (const up of [0, 150]) {
    await say(ann, `Eliza, what do you think about my long and winding way home? (${up})`);
    await openAnswer(ann).waitFor();
    if (up > 0) {
      await ann.getByTestId("messages").hover();
      await ann.mouse.wheel(0, -up);
      await pause(100);
    }
    const before = up > 0 ? await rested(ann) : undefined;
    while (await openAnswer(ann).isVisible()) {
      // It goes along with the next drawing, which a busy machine may be late with.
      if (up === 0) await until("it goes along", async () => (await left()) < 60);
      else must(Math.abs((await place(ann, before.id)) - before.at) < 4, "pulled along", before, await place(ann, before.id));
      await pause(50);
    }
    if (up === 0) await until("it stands at the end", async () => (await left()) < 2);
  }
});

/** Answers Ann's sends in place of the server, or keeps them, as long as it is told to. */
async function refusing(page) {
  const how = { answer: undefined };
  await page.routeWebSocket(/socket\.io/, (socket) => {
    const far = socket.connectToServer();
    socket.onMessage((packet) => {
      const ack = /^42(\d+)\["messages:send"/.exec(String(packet))?.[1];
      if (ack === undefined || how.answer === undefined) far.send(packet);
      else if (how.answer !== "") socket.send(`43${ack}[{"success":false,"error":${JSON.stringify(how.answer)}}]`);
    });
  });
  await page.reload();
  await page.getByTestId("message").or(page.getByTestId("beginning")).first().waitFor();
  return how;
}
const cleo = await person(browser, url, "Cleo");
await step("a refused message stays over a reload, can be sent again, and discarded", async () => {
  const channel = await witness.channel("Refusals");
  await open(cleo, channel);
  const how = await refusing(cleo);
  how.answer = { code: "FORBIDDEN", message: "Not in here." };
  for (const text of ["again", "never"]) await say(cleo, text);
  const failed = cleo.locator("[data-testid=message][data-status=failed]");
  await until("both are refused", async () => (await failed.count()) === 2);
  await cleo.reload();
  await until("both are there after a reload", async () => (await failed.count()) === 2);
  must((await failed.first().textContent()).includes("Not in here."), await failed.first().textContent());
  how.answer = undefined;
  await failed.filter({ hasText: "never" }).getByTestId("discard").click();
  await until("one is left", async () => (await failed.count()) === 1);
  await failed.getByTestId("retry").click();
  await until("one is sent", async () => (await witness.stored(channel)).length === 1);
  await cleo.reload();
  await shows(cleo, ["again"]);
  must((await failed.count()) === 0, "failed");
});
await step("a message without an answer stays over a reload, and arrives once", async () => {
  const channel = await witness.channel("No answer");
  await open(cleo, channel);
  const how = await refusing(cleo);
  how.answer = "";
  await say(cleo, "into the dark");
  await heard(cleo, "into the dark");
  how.answer = undefined;
  await cleo.reload();
  await shows(cleo, ["into the dark"]);
  await until("it is sent", async () => (await witness.stored(channel)).length === 1);
});
await step("100,000 characters are taken, also of four bytes each; one more is not", async () => {
  const channel = await witness.channel("Length");
  await open(cleo, channel);
  for (const sign of ["x", "\u{1F30A}"]) {
    await cleo.getByTestId("composer").fill(sign.repeat(100_001));
    await cleo.getByTestId("composer").press("Enter");
    must(await cleo.getByTestId("send").isDisabled(), "it can be sent");
    await say(cleo, sign.repeat(100_000));
    await until("it is stored", async () => (await witness.stored(channel)).at(-1)?.content === sign.repeat(100_000));
  }
});
await step("who goes on to another channel before the one before is drawn arrives there", async () => {
  const [passed, wanted] = [await witness.channel("Passed by"), await witness.channel("Wanted")];
  for (const channel of [passed, wanted, { id: await lobbyId(cleo), name: "Lobby" }]) await open(cleo, channel);
  // A click in the list, and another address in the frame in which the page draws what was clicked.
  await cleo.evaluate((id) => {
    requestAnimationFrame(() => { location.hash = id; });
    [...document.querySelectorAll("[data-testid=channel-item]")].find((item) => item.textContent.includes("Passed by")).click();
  }, wanted.id);
  await cleo.locator(`[data-testid=messages][data-channel='${wanted.id}']`).waitFor();
  must(new URL(cleo.url()).hash === `#${wanted.id}`, cleo.url());
});
await step("two tabs send each message once, keep each other's drafts, and agree on what is unread", async () => {
  const [here, there] = [await witness.channel("Tabs here"), await witness.channel("Tabs there")];
  await open(cleo, here);
  const how = await refusing(cleo);
  how.answer = "";
  for (const text of ["a1", "a2", "a3"]) await say(cleo, text);
  const second = await tab(cleo, url, here);
  await until("the second tab sends what the first has written", async () => (await witness.stored(here)).length === 3);
  how.answer = undefined;
  await say(second, "b1");
  await heard(cleo, "b1");
  for (const page of [cleo, second]) await shows(page, ["a1", "a2", "a3", "b1"]);
  await open(second, there);
  await cleo.getByTestId("composer").fill("draft here");
  await second.getByTestId("composer").fill("draft there");
  await pause(500);
  for (const page of [cleo, second]) {
    await page.reload();
    for (const [channel, draft] of [[here, "draft here"], [there, "draft there"]]) {
      await open(page, channel);
      must((await page.getByTestId("composer").inputValue()) === draft, channel.name, await page.getByTestId("composer").inputValue());
    }
  }
  const unread = (page) => page.getByTestId("channel-item").filter({ hasText: "Tabs here" }).getByTestId("unread");
  for (let i = 0; i < 3; i++) await witness.send(here, `news ${i}`);
  for (const page of [cleo, second]) await until("three are new", async () => (await unread(page).textContent()).includes("3"));
  await open(cleo, here);
  for (const page of [cleo, second]) await unread(page).waitFor({ state: "detached" });
  await second.close();
});
await step("what was looked at right before the page was left counts as read, in every channel", async () => {
  // Somebody whose socket is the browser's own: what goes out last must not have to pass the script.
  const dora = await person(browser, url, "Dora");
  const channels = [];
  for (let i = 0; i < 4; i++) channels.push(await witness.channel(`Left ${i}`));
  for (const channel of channels) await witness.send(channel, `news for ${channel.name}`);
  const me = await dora.evaluate(() => localStorage.getItem("parley.entityId"));
  for (const channel of channels) await open(dora, channel).then(() => heard(dora, `news for ${channel.name}`));
  for (const channel of channels) {
    await dora.getByTestId("channel-item").filter({ hasText: channel.name }).getByTestId("unread").waitFor({ state: "detached" });
  }
  await dora.goto("about:blank");
  for (const channel of channels) {
    await until("it is read", async () => (await witness.call("reads:list", { channelId: channel.id })).data.reads.some(({ entityId, seq }) => entityId === me && seq === 1));
  }
  await dora.context().close();
});
await step("seen by: people who have read it, each once, and neither the author nor an agent", async () => {
  const channel = await meeting("Seen", [eliza]);
  await open(cleo, channel);
  await open(cleo, { id: await lobbyId(cleo), name: "Lobby" });
  const again = await tab(ann, line.url, channel);
  await say(ann, "Eliza, who reads this?");
  await heard(bob, "who reads this?");
  const seen = (page) => page.locator("[data-testid=message]").filter({ hasText: "who reads this?" }).getByTestId("seen");
  for (const page of [ann, again]) await seen(page).filter({ hasText: /^Seen by 1$/ }).waitFor();
  await until("the agent has answered", async () => (await witness.stored(channel)).length === 2);
  // Who has the channel not open any more has not seen it.
  await pause(800);
  must((await seen(ann).textContent()) === "Seen by 1", await seen(ann).textContent());
  await open(cleo, channel);
  await seen(ann).filter({ hasText: /^Seen by 2$/ }).waitFor();
  const twice = await tab(cleo, url, channel);
  await heard(twice, "who reads this?");
  await pause(800);
  for (const page of [ann, again]) must((await seen(page).textContent()) === "Seen by 2", await seen(page).textContent());
  await ann.reload();
  await seen(ann).filter({ hasText: /^Seen by 2$/ }).waitFor();
  for (const page of [again, twice]) await page.close();
});
await bombs({ browser, url, witness });

await step("the server is away while three channels are written in", async () => {
  const channels = [];
  for (const name of ["First", "Second", "Third"]) channels.push(await witness.channel(`${name} away`));
  // The page reads the list every 20 seconds.
  await until("they are listed", async () => (await ann.getByTestId("channel-item").filter({ hasText: "away" }).count()) === 3);
  for (const channel of channels) await open(ann, channel);
  await killServer(async () => {
    await ann.getByTestId("connection").waitFor();
    const began = Date.now();
    for (let i = 0; i < 15; i++) {
      await open(ann, channels[i % 3]);
      await say(ann, `typed meanwhile ${i}`);
    }
    for (const channel of channels) {
      await open(ann, channel);
      await ann.getByTestId("composer").fill(`a draft for ${channel.name}`);
    }
    must((await ann.getByTestId("connection").textContent()).includes("15"), await ann.getByTestId("connection").textContent());
    await pause(Math.max(0, began + 30_000 - Date.now()));
  });
  await ann.reload();
  await ann.getByTestId("composer").waitFor();
  await until("everything has arrived", async () => (await Promise.all(channels.map((c) => witness.stored(c)))).every((all) => all.length >= 5));
  await ann.getByTestId("connection").waitFor({ state: "detached" });
  away.now = false;
  for (const [k, channel] of channels.entries()) {
    const wanted = Array.from({ length: 5 }, (_, i) => `typed meanwhile ${i * 3 + k}`);
    await open(ann, channel);
    await shows(ann, wanted);
    const stored = (await witness.stored(channel)).map((m) => m.content);
    must(stored.join() === wanted.join(), stored);
    must((await ann.getByTestId("composer").inputValue()) === `a draft for ${channel.name}`, "the draft");
  }
});
check("no page complained", faults.length === 0, faults.slice(0, 5));
await browser.close();
await finish();
