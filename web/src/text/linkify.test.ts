import { describe, expect, it } from "vitest";
import { linkify } from "./linkify";

function hrefs(text: string): (string | undefined)[] {
  return linkify(text).flatMap((piece) => (piece.href === undefined ? [] : [piece.href]));
}

describe("linkify", () => {
  it.each([
    ["see https://example.org/a?b=c#d now", "https://example.org/a?b=c#d"],
    ["HTTP://EXAMPLE.ORG", "http://example.org/"],
    ["end of sentence: http://example.org/x.", "http://example.org/x"],
    ["(http://example.org/x)", "http://example.org/x"],
    ["https://en.wikipedia.org/wiki/Parley_(film)", "https://en.wikipedia.org/wiki/Parley_(film)"],
    ["(see https://example.org/a_(b)).", "https://example.org/a_(b)"],
    ["<https://example.org>", "https://example.org/"],
    ["http://localhost:3000/?q=ä", "http://localhost:3000/?q=%C3%A4"],
  ])("links %s", (text, href) => {
    expect(hrefs(text)).toEqual([href]);
  });

  it.each([
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "ftp://example.org",
    "http://",
    "https://user:secret@example.org/",
    "https://bank.example@evil.example/",
    "xhttps://example.org",
    "//example.org",
  ])("does not link %s", (text) => {
    expect(hrefs(text)).toEqual([]);
  });

  it("keeps markup inside an address as text", () => {
    expect(linkify('http://a.example/"onmouseover="alert(1)')[0]).toEqual({
      text: "http://a.example/",
      href: "http://a.example/",
    });
  });

  it.each(["", "plain", "a\nhttp://x.example,\n\nhttps://y.example!b", "http://x.example http://", "<b>http://x.example</b>"])(
    "loses nothing of %j",
    (text) => {
      expect(
        linkify(text)
          .map((piece) => piece.text)
          .join(""),
      ).toBe(text);
    },
  );
});
