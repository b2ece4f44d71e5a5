import { expect, it } from "vitest";
import { isolated, unturned } from "./bidi";

it("leaves a name alone that turns nothing", () => {
  for (const name of ["", "Ann", "Zoë Müller", "李雷", "👋"]) expect(isolated(name)).toBe(name);
});

it("takes out the marks that turn a name, not its letters", () => {
  expect(unturned("\u202eBob\u2066")).toBe("Bob");
  expect(unturned("مريم")).toBe("مريم");
});

it("keeps a name's direction inside it", () => {
  expect(isolated("مريم")).toBe("\u2068مريم\u2069");
  expect(isolated("\u202eBob")).toBe("\u2068Bob\u2069");
  expect(isolated("Bob\u2069\u202e")).toBe("\u2068Bob\u2069");
});
