import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { paced } from "./pace";

/** What the page would call at an event, by its name. */
const listeners = new Map<string, (event: { key: string }) => void>();

beforeEach(() => {
  vi.stubGlobal("addEventListener", (name: string, call: () => void) => listeners.set(name, call));
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  vi.stubGlobal("requestAnimationFrame", (call: () => void) => setTimeout(call, 16));
  vi.stubGlobal("cancelAnimationFrame", (id: number) => clearTimeout(id));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** drawnAfter is how long a drawing waits after one that took so long, and something else then. */
function drawnAfter(took: number, then = () => {}): number {
  const pace = paced();
  pace(() => vi.advanceTimersByTime(took));
  vi.advanceTimersByTime(20);
  let drawn = 0;
  const asked = performance.now();
  pace(() => (drawn = performance.now()));
  then();
  vi.advanceTimersByTime(1_000);
  return drawn - asked;
}

it("draws in the next frame where that costs little, and leaves room for keys where it costs much", () => {
  expect(drawnAfter(2)).toBeLessThan(20);
  expect(drawnAfter(60)).toBeGreaterThan(60);
  expect(drawnAfter(5_000)).toBeLessThan(180);
});

it("does not let a click or a command wait", () => {
  expect(drawnAfter(60, () => listeners.get("click")!({ key: "" }))).toBeLessThan(20);
  expect(drawnAfter(60, () => listeners.get("keydown")!({ key: "Enter" }))).toBeLessThan(20);
  expect(drawnAfter(60, () => listeners.get("keydown")!({ key: "a" }))).toBeGreaterThan(60);
});

it("draws once, also where there are no frames", () => {
  vi.stubGlobal("requestAnimationFrame", () => 0);
  const draw = vi.fn();
  paced()(draw);
  vi.advanceTimersByTime(1_000);
  expect(draw).toHaveBeenCalledTimes(1);
});
