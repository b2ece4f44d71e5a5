import { expect, it } from "vitest";
import { marked } from "./marks";

const show = (text: string, query: string) =>
  marked(text, query)
    .map((piece) => (piece.hit ? `[${piece.text}]` : piece.text))
    .join("");

it.each([
  ["The quick fox", "QUICK", "The [quick] fox"],
  ["a.b axb", "a.b", "[a.b] axb"],
  ["one two", "two one", "[one] [two]"],
  ["Grüße", "grüß", "[Grüß]e"],
  ["nothing", "", "nothing"],
  ["nothing", "x", "nothing"],
  ["a (b", "(", "a [(]b"],
])("marks in %j what %j finds", (text, query, expected) => expect(show(text, query)).toBe(expected));

it("shows the part of a long text around the first hit", () => {
  const text = `${"x ".repeat(500)}needle${" y".repeat(500)}`;
  expect(show(text, "needle")).toMatch(/^….{50,70}\[needle\].{100,200}…$/);
});
