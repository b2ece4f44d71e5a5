import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { paced } from "./pace";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  vi.stubGlobal("requestAnimationFrame", (call: () => void) => setTimeout(call, 16));
  vi.stubGlobal("cancelAnimationFrame", (id: number) => clearTimeout(id));
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** drawnAfter is how long a drawing waits after one that took so long. */
function drawnAfter(took: number): number {
  const pace = paced();
  pace(() => vi.advanceTimersByTime(took));
  vi.advanceTimersByTime(20);
  let drawn = 0;
  const asked = performance.now();
  pace(() => (drawn = performance.now()));
  vi.advanceTimersByTime(1_000);
  return drawn - asked;
}

it("draws in the next frame where that costs little, and leaves room for keys where it costs much", () => {
  expect(drawnAfter(2)).toBeLessThan(20);
  expect(drawnAfter(60)).toBeGreaterThan(60);
  expect(drawnAfter(5_000)).toBeLessThan(180);
});

it("draws once, also where there are no frames", () => {
  vi.stubGlobal("requestAnimationFrame", () => 0);
  const draw = vi.fn();
  paced()(draw);
  vi.advanceTimersByTime(1_000);
  expect(draw).toHaveBeenCalledTimes(1);
});
