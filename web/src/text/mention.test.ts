import { describe, expect, it } from "vitest";
import { completed, matching, typedAt } from "./mention";

describe("typedAt", () => {
  it.each([
    ["@", ""],
    ["@El", "El"],
    ["hello @El", "El"],
    ["(@El", "El"],
    ["a\n@Zoë", "Zoë"],
    ["@Ann B", "Ann B"],
  ])("finds the name in %j", (text, part) => expect(typedAt(text, text.length)?.part).toBe(part));

  it.each(["", "a@b", "@El is there", "@@", "no"])("finds none in %j", (text) => {
    expect(typedAt(text, text.length)).toBeUndefined();
  });

  it("looks at the cursor only", () => {
    expect(typedAt("@El and more", 3)).toEqual({ part: "El", from: 0, to: 3 });
  });
});

it("puts names first that begin so", () => {
  const from = [{ name: "Mary Ann" }, { name: "Ann" }, { name: "Eliza" }];
  expect(matching(from, "an").map((p) => p.name)).toEqual(["Ann", "Mary Ann"]);
  expect(matching(from, "")).toHaveLength(3);
});

it("completes a name in place", () => {
  const typed = typedAt("hi @El there", 6)!;
  expect(completed("hi @El there", typed, "Eliza")).toEqual({ text: "hi @Eliza there", cursor: 10 });
  expect(completed("@El", typedAt("@El", 3)!, "Eliza")).toEqual({ text: "@Eliza ", cursor: 7 });
});
