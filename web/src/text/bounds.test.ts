import { describe, expect, it } from "vitest";
import { beginningOf, isLong, isPlain, isReadable, isWhole } from "./bounds";

describe("isReadable", () => {
  it.each([
    "plain",
    "# Title\n\n- a\n  - b\n    - c\n\n> quote\n\n```js\nlet a = 1;\n```",
    "***bold and italic*** and `code`",
    "-".repeat(80),
    "x".repeat(20_000),
    "| a | b |\n|---|---|\n".concat("| 1 | 2 |\n".repeat(200)),
  ])("takes %#", (text) => expect(isReadable(text)).toBe(true));

  it.each([
    "x".repeat(20_001),
    "*".repeat(5_000),
    "[".repeat(1_000),
    ">".repeat(100) + " deep",
    "> ".repeat(50) + "deep",
    "- ".repeat(50) + "deep",
    " ".repeat(400) + "- deep",
    "*a **b ".repeat(800),
    "`a\n".repeat(4_000),
  ])("refuses bomb %#", (text) => expect(isReadable(text)).toBe(false));
});

it("knows texts that need no markdown", () => {
  for (const text of ["hello", "How are you? Fine - thanks, 3.5 of them!", "مرحبا", "👋🏽", "two\nlines"]) expect(isPlain(text)).toBe(true);
  for (const text of ["**b**", "- a", "1. a", "see https://a.example", "@Eliza", "a_b", "# t", "    code"]) expect(isPlain(text)).toBe(false);
});

it("shows a long text in pieces, and all of it in the end", () => {
  const text = "http://127.0.0.2/x ".repeat(5_000);
  const shown = [1, 2, 3, 4, 5].map((times) => beginningOf(text, times));
  for (const [i, piece] of shown.entries()) expect(piece.length - (shown[i - 1]?.length ?? 0)).toBeLessThan(20_020);
  expect(shown[4]).toBe(text);
  expect([4, 5].map((times) => isWhole(text, times))).toEqual([false, true]);
});

it("collapses what is long, and cuts it between characters", () => {
  expect(isLong("a\n".repeat(20))).toBe(false);
  expect(isLong("a\n".repeat(50))).toBe(true);
  expect(isLong("x".repeat(5_000))).toBe(true);
  expect(beginningOf("x".repeat(3_999) + "👋".repeat(900))).toHaveLength(3_999);
  expect(beginningOf("x".repeat(3_989) + " https://a.example/long")).toHaveLength(3_990);
});
