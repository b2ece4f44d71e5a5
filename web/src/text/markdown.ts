import DOMPurify from "dompurify";
import { parse } from "./parse";

// The parser and the sanitiser are loaded beside the page, not with it.

/** What is left of a text's markup. Everything else becomes text or goes. */
const allowed = {
  ALLOWED_TAGS: [
    "a", "blockquote", "br", "button", "code", "del", "div", "em", "figcaption", "figure", "hr", "li", "mark", "ol", "p", "pre",
    "span", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul",
  ],
  ALLOWED_ATTR: ["align", "aria-level", "class", "data-copy", "data-testid", "dir", "href", "role", "start", "tabindex", "title", "type"],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
};

/** How many texts are kept as they were shown. */
const remembered = 400;

/** purifier lets through only what is allowed, whatever the parser has made. */
const purifier = DOMPurify(window);
purifier.addHook("afterSanitizeAttributes", (node) => {
  if (node.tagName !== "A") return;
  node.setAttribute("target", "_blank");
  node.setAttribute("rel", "noopener noreferrer");
});

/** What was shown before, the oldest first. */
const cache = new Map<string, string>();

/**
 * render is a text as sanitised HTML. Texts that were shown before come from a cache;
 * passing ones, such as an answer that is being written, stay out of it.
 */
export function render(text: string, names: readonly string[], passing = false): string {
  const key = `${names.join("\n")}\0${text}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const html = purifier.sanitize(parse(text, names), allowed);
  if (passing) return html;
  if (cache.size >= remembered) cache.delete(cache.keys().next().value!);
  cache.set(key, html);
  return html;
}
