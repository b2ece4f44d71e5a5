import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Drafts } from "./drafts";
import { outcomeOf, withOutcome } from "./outcomes";
import { Shelf } from "./shelf";
import { memoryStorage } from "./testing";
import { loadTheme, paint, saveTheme } from "./theme";

beforeEach(() => vi.stubGlobal("localStorage", memoryStorage()));
afterEach(() => vi.unstubAllGlobals());

describe("Drafts", () => {
  it("are kept for each user, and over a reload", () => {
    const drafts = new Drafts("me");
    drafts.set("c", "half a sen");
    drafts.save();
    expect(new Drafts("me").get("c")).toBe("half a sen");
    expect(new Drafts("other").get("c")).toBe("");
  });

  it("do not come back once they are sent", () => {
    const drafts = new Drafts("me");
    drafts.set("c", "sent");
    drafts.save();
    drafts.set("c", "");
    expect(new Drafts("me").get("c")).toBe("");
    expect(localStorage.length).toBe(0);
  });

  it("of other tabs stay as they are", () => {
    const one = new Drafts("me");
    const two = new Drafts("me");
    one.set("a", "from one");
    two.set("b", "from two");
    one.save();
    two.save();
    expect([new Drafts("me").get("a"), new Drafts("me").get("b")]).toEqual(["from one", "from two"]);
  });

  it("of two tabs do not overwrite one another, although one sees late what the other has stored", () => {
    const one = new Drafts("me");
    one.set("a", "from one");
    one.save();
    // A tab that has not heard of it yet has a storage without it; what it writes is merged by name.
    const seen = localStorage;
    const late = memoryStorage();
    vi.stubGlobal("localStorage", late);
    const two = new Drafts("me");
    two.set("b", "from two");
    two.save();
    for (let i = 0; i < late.length; i++) seen.setItem(late.key(i)!, late.getItem(late.key(i)!)!);
    vi.stubGlobal("localStorage", seen);
    expect([new Drafts("me").get("a"), new Drafts("me").get("b")]).toEqual(["from one", "from two"]);
  });

  it("have a bound; the oldest give way", () => {
    let now = 1;
    vi.spyOn(Date, "now").mockImplementation(() => now++);
    const drafts = new Drafts("me");
    for (const id of ["a", "b", "c", "d"]) drafts.set(id, id.repeat(99_000));
    drafts.save();
    vi.restoreAllMocks();
    const kept = new Drafts("me");
    expect(["a", "b", "c", "d"].map((id) => kept.get(id).length)).toEqual([0, 99_000, 99_000, 99_000]);
  });

  it("are not more than a hundred", () => {
    const drafts = new Drafts("me");
    for (let i = 0; i < 120; i++) drafts.set(`c${i}`, "text");
    drafts.save();
    expect(localStorage.length).toBe(100);
  });

  it("work where the browser keeps nothing", () => {
    vi.stubGlobal("localStorage", undefined);
    const drafts = new Drafts("me");
    drafts.set("c", "text");
    drafts.save();
    expect(drafts.get("c")).toBe("text");
  });
});

describe("Shelf", () => {
  const item = (clientId: string, at: number) =>
    ({ clientId, channelId: "c", text: clientId, at, state: "waiting", attempts: 0 }) as const;

  it("keeps what is not sent, in order, and forgets what is", () => {
    const shelf = new Shelf("me");
    shelf.save([item("b", 2), item("a", 1)]);
    expect(new Shelf("me").load().map((i) => i.clientId)).toEqual(["a", "b"]);
    shelf.save([item("b", 2)]);
    expect(new Shelf("me").load().map((i) => i.clientId)).toEqual(["b"]);
    expect(new Shelf("other").load()).toEqual([]);
  });

  it("leaves alone what another tab has written since", () => {
    const one = new Shelf("me");
    const two = new Shelf("me");
    one.save([item("a", 1)]);
    two.save([item("b", 2)]);
    one.save([]);
    expect(new Shelf("me").load().map((i) => i.clientId)).toEqual(["b"]);
  });

  it("keeps later what found no room at first", () => {
    const shelf = new Shelf("me");
    const full = vi.spyOn(localStorage, "setItem").mockImplementation(() => {
      throw new Error("full");
    });
    shelf.save([item("a", 1)]);
    full.mockRestore();
    shelf.save([item("a", 1), item("b", 2)]);
    expect(new Shelf("me").load().map((i) => i.clientId)).toEqual(["a", "b"]);
  });

  it("throws away what is none of its own", () => {
    localStorage.setItem("parley.outbox.me.x", "{broken");
    localStorage.setItem("parley.outbox.me.y", '{"clientId":"y"}');
    expect(new Shelf("me").load()).toEqual([]);
    expect(localStorage.length).toBe(0);
  });
});

it("keeps the theme", () => {
  expect(loadTheme()).toBe("system");
  saveTheme("dark");
  expect(loadTheme()).toBe("dark");
  localStorage.setItem("parley.theme", "pink");
  expect(loadTheme()).toBe("system");
});

it("remembers how waits ended, up to a bound", () => {
  const failed = outcomeOf({ channelId: "c", outcome: "failed", error: "why" }, "Eliza")!;
  let all = {};
  for (let i = 0; i < 300; i++) all = withOutcome(all, `m${i}`, failed);
  expect(Object.keys(all)).toHaveLength(200);
  expect(all).toHaveProperty("m299", { kind: "failed", who: "Eliza", error: "why" });
  expect(outcomeOf({ channelId: "c", outcome: "silent", error: "" }, "")).toBeUndefined();
});

describe("the colour of the browser's bar", () => {
  it("is that of the theme, and of the system where that decides", () => {
    const metas = ["(prefers-color-scheme: light)", "(prefers-color-scheme: dark)"].map((media) => ({ media, content: "" }));
    vi.stubGlobal("document", { documentElement: { dataset: {} }, querySelectorAll: () => metas });
    const painted = (theme: Parameters<typeof paint>[0]) => {
      paint(theme);
      return metas.map(({ content }) => content);
    };
    const [light, dark] = painted("system");
    expect(light).not.toBe(dark);
    expect(painted("dark")).toEqual([dark, dark]);
    expect(painted("light")).toEqual([light, light]);
    expect(painted("system")).toEqual([light, dark]);
  });
});
