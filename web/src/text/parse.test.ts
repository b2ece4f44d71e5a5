import { describe, expect, it } from "vitest";
import { mentionAt, parse } from "./parse";

const html = (text: string, names: readonly string[] = []) => parse(text, names).trim();

describe("parse", () => {
  it.each([
    ["**b** and *i*", '<p dir="auto"><strong>b</strong> and <em>i</em></p>'],
    ["one\ntwo", '<p dir="auto">one<br>two</p>'],
    ["`<b>`", '<p dir="auto"><code dir="ltr">&lt;b&gt;</code></p>'],
    ["# T", '<p class="heading h1" role="heading" aria-level="2" dir="auto">T</p>'],
    ["https://a.example/x", '<p dir="auto"><a href="https://a.example/x">https://a.example/x</a></p>'],
    ["[a](https://a.example)", '<p dir="auto"><a href="https://a.example/">a</a></p>'],
  ])("reads %j", (text, expected) => expect(html(text)).toBe(expected));

  it("shows markup as it was written", () => {
    for (const text of ["<img src=x onerror=alert(1)>", "a <b onclick='x'>b</b>", "<script>alert(1)</script>", "<!-- x -->"]) {
      expect(html(text)).not.toMatch(/<(?!\/?(?:p|br)\b)/);
      expect(html(text)).toContain("&lt;");
    }
  });

  it("follows only addresses that may be followed", () => {
    for (const address of ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "https://user:pw@a.example", "//a.example"]) {
      expect(html(`[a](${address})`)).toBe('<p dir="auto">a</p>');
      expect(html(`![a](${address})`)).toBe('<p dir="auto">a</p>');
    }
  });

  it("makes a link of an image, so that its host hears nothing", () => {
    expect(html('![a "cat"](https://a.example/c.png)')).toBe('<p dir="auto"><a href="https://a.example/c.png">a &quot;cat&quot;</a></p>');
  });

  it("labels code and leaves it as it is", () => {
    const code = html('```js"><b>\nlet a = "<i>";\n```');
    expect(code).toContain("<span>js&quot;&gt;&lt;b&gt;</span>");
    expect(code).toContain("<code>let a = &quot;&lt;i&gt;&quot;;</code>");
  });

  it("shows tables and tasks", () => {
    expect(html("|a|b|\n|---|--:|\n|1|2|")).toContain('<td align="right" dir="auto">2</td>');
    expect(html("- [x] done\n- [ ] open")).toMatch(/☑ .*done[\s\S]*☐ .*open/);
  });

  it("marks mentions of known names only", () => {
    expect(html("hi @Eliza, @Ben", ["Eliza"])).toBe('<p dir="auto">hi <mark class="mention">@Eliza</mark>, @Ben</p>');
    expect(html("a@Eliza.example `@Eliza`", ["Eliza"])).not.toContain("mention");
    expect(mentionAt("@Ann Lee!", ["Ann", "Ann Lee"])).toBe("@Ann Lee");
    expect(mentionAt("@Anna", ["Ann"])).toBeUndefined();
  });
});
