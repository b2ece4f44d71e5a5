import { Marked, type Tokens } from "marked";
import { safe } from "./linkify";

/** escaped is a text as HTML that shows it. */
function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** anchor is a link, or just its words if its address may not be followed. */
function anchor(href: string, inner: string, title?: string | null): string {
  const address = safe(href);
  if (address === undefined) return inner;
  const hint = title ? ` title="${escaped(title)}"` : "";
  return `<a href="${escaped(address)}"${hint}>${inner}</a>`;
}

/** marked reads the text; everything that it writes is made here. */
const marked = new Marked({
  gfm: true,
  breaks: true,
  renderer: {
    html: ({ text }: Tokens.HTML | Tokens.Tag) => escaped(text),
    // An image would tell its host who reads this, and when.
    image: ({ href, text, title }: Tokens.Image) => anchor(href, escaped(text || href), title),
    link({ href, title, tokens }: Tokens.Link) {
      return anchor(href, this.parser.parseInline(tokens), title);
    },
    heading({ tokens, depth }: Tokens.Heading) {
      const inner = this.parser.parseInline(tokens);
      return `<p class="heading h${Math.min(depth, 4)}" role="heading" aria-level="2" dir="auto">${inner}</p>`;
    },
    paragraph({ tokens }: Tokens.Paragraph) {
      return `<p dir="auto">${this.parser.parseInline(tokens)}</p>`;
    },
    code: ({ text, lang }: Tokens.Code) => {
      const language = escaped((lang ?? "").trim().split(/\s+/)[0]!.slice(0, 30));
      return (
        `<figure class="code"><figcaption><span>${language || "Code"}</span>` +
        `<button type="button" class="copy" data-copy="" data-testid="copy-code">Copy</button></figcaption>` +
        `<pre tabindex="0" dir="ltr"><code>${escaped(text)}</code></pre></figure>`
      );
    },
    codespan: ({ text }: Tokens.Codespan) => `<code dir="ltr">${escaped(text)}</code>`,
    blockquote({ tokens }: Tokens.Blockquote) {
      return `<blockquote dir="auto">${this.parser.parse(tokens)}</blockquote>`;
    },
    checkbox: ({ checked }: Tokens.Checkbox) => (checked ? "☑ " : "☐ "),
    table({ header, rows }: Tokens.Table) {
      const cells = (cells: Tokens.TableCell[], tag: string) =>
        cells
          .map(({ tokens, align }) => {
            const side = align === null ? "" : ` align="${align}"`;
            return `<${tag}${side} dir="auto">${this.parser.parseInline(tokens)}</${tag}>`;
          })
          .join("");
      const body = rows.map((row) => `<tr>${cells(row, "td")}</tr>`).join("");
      return `<div class="table" tabindex="0"><table><thead><tr>${cells(header, "th")}</tr></thead><tbody>${body}</tbody></table></div>`;
    },
  },
});

/** The names after an @ that are shown as mentions; set for the length of one render. */
let mentionable: readonly string[] = [];

marked.use({
  extensions: [
    {
      name: "mention",
      level: "inline",
      start: (source: string) => {
        const at = source.search(/(?<![\p{L}\p{N}_])@/u);
        return at < 0 ? undefined : at;
      },
      tokenizer(source: string) {
        const raw = mentionAt(source, mentionable);
        return raw === undefined ? undefined : { type: "mention", raw };
      },
      renderer: ({ raw }) => `<mark class="mention">${escaped(raw)}</mark>`,
    },
  ],
});

/** mentionAt is the mention with which a text begins; of two names the longer one. */
export function mentionAt(text: string, names: readonly string[]): string | undefined {
  if (!text.startsWith("@")) return undefined;
  let found: string | undefined;
  for (const name of names) {
    const part = text.slice(1, name.length + 1);
    if (name === "" || part.toLowerCase() !== name.toLowerCase() || name.length < (found?.length ?? 0)) continue;
    if (!/^[\p{L}\p{N}_]/u.test(text.slice(name.length + 1))) found = `@${part}`;
  }
  return found;
}

/** parse is a text as HTML. Markup in the text is shown as it was written; names are those of mentions. */
export function parse(text: string, names: readonly string[]): string {
  mentionable = names;
  return marked.parse(text, { async: false });
}
