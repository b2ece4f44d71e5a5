import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { loadPeople, savePeople } from "./acquaintances";
import { emptyLog } from "./log";
import { membersLine } from "./members";
import { initialState, type State } from "./model";
import { titleOf } from "./select";
import { agent, channel, me, memoryStorage } from "./testing";

const crew = channel("crew", { participants: [me.id, "cleo", "bob", agent.id] });
const state = (more: Partial<State> = {}): State => ({ ...initialState(me), agents: [agent], channels: [crew], ...more });

describe("the line of members", () => {
  const logs = { crew: { ...emptyLog, loaded: true } };

  it("waits until it can tell who is there", () => {
    expect(membersLine(state(), crew)).toBe("");
    expect(membersLine(state({ people: { bob: "Bob" } }), crew)).toBe("");
    expect(membersLine(state({ people: { bob: "Bob", cleo: "Cleo" } }), crew)).toBe("Eliza, you, Bob, Cleo");
  });

  it("says when nobody else is there", () => {
    const quiet = channel("quiet", { participants: [me.id] });
    const loaded = { quiet: { ...emptyLog, loaded: true } };
    expect(membersLine(state({ logs: loaded, channels: [quiet] }), quiet)).toBe("Only you");
  });

  it("counts whom it cannot name", () => {
    expect(membersLine(state({ logs, people: { bob: "Bob" } }), crew)).toBe("Eliza, you, Bob and 1 more");
    const many = channel("crew", { participants: Array.from({ length: 9 }, (_, i) => `p${i}`) });
    const people = Object.fromEntries(many.participants.slice(1).map((id) => [id, `N ${id}`]));
    expect(membersLine(state({ logs, people, channels: [many] }), many)).toBe("you, N p1, N p2, N p3, N p4, N p5 and 4 more");
  });

  it("has one order, whoever comes and goes", () => {
    const people = { bob: "Bob", cleo: "Cleo" };
    const before = membersLine(state({ logs, people }), crew);
    expect(membersLine(state({ logs, people, present: { crew: ["cleo"] } }), crew)).toBe(before);
  });
});

describe("the title of a direct chat", () => {
  const direct = (name: string, user1: string) =>
    channel("dm", { name, type: "DM", participants: [me.id, "bob"], metadata: { user1, user2: user1 === me.id ? "bob" : me.id } });

  it("is the other's name from the start", () => {
    expect(titleOf(state(), direct("Ann, Bob", me.id))).toBe("Bob");
    expect(titleOf(state(), direct("Bob, Ann", "bob"))).toBe("Bob");
    expect(titleOf(state(), direct("Annie of old, Bob", me.id))).toBe("Bob");
    expect(titleOf(state(), direct("Bob, Annie of old", "bob"))).toBe("Bob");
    expect(titleOf(state(), direct("Boats", me.id))).toBe("Boats");
    expect(titleOf(state({ people: { bob: "Bobby" } }), direct("Ann, Bob", me.id))).toBe("Bobby");
  });
});

describe("the names of people", () => {
  beforeEach(() => vi.stubGlobal("localStorage", memoryStorage()));
  afterEach(() => vi.unstubAllGlobals());

  it("are kept for each user, the last learned", () => {
    savePeople("me", Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`p${i}`, `N ${i}`])));
    const kept = loadPeople("me");
    expect([Object.keys(kept).length, kept["p299"], kept["p99"]]).toEqual([200, "N 299", undefined]);
    expect(loadPeople("other")).toEqual({});
  });

  it("are none where something else is stored", () => {
    localStorage.setItem("parley.people.me", '{"a":1,"b":"Ben"}');
    expect(loadPeople("me")).toEqual({ b: "Ben" });
  });
});
