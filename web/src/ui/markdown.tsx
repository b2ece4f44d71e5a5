import { useEffect, useMemo, useState } from "preact/hooks";
import { beginningOf, isLong, isPlain, isReadable, isWhole } from "../text/bounds";
import { linkify } from "../text/linkify";

/** What reads markdown; it is loaded beside the page. */
type Reader = typeof import("../text/markdown");

/** The reader, once it is here; texts are shown as they are until then. */
const reader: { here: Reader | undefined; coming: Promise<Reader> | undefined } = { here: undefined, coming: undefined };

/** loadReader begins to load what reads markdown. A failed load is tried again. */
export function loadReader(): Promise<Reader> {
  reader.coming ??= import("../text/markdown").then(
    (loaded) => (reader.here = loaded),
    (err: unknown) => {
      reader.coming = undefined;
      throw err;
    },
  );
  return reader.coming;
}

/** useReader is the reader, undefined until it is here. */
function useReader(): Reader | undefined {
  const [here, setHere] = useState(reader.here);
  useEffect(() => {
    if (here !== undefined) return;
    let wanted = true;
    loadReader().then(
      (loaded) => wanted && setHere(loaded),
      () => undefined, // Without it texts stay as they are.
    );
    return () => {
      wanted = false;
    };
  }, [here]);
  return here;
}

interface TextProps {
  text: string;
  /** Names that are shown as mentions after an @. */
  names: readonly string[];
  /** How many times more of a long text was asked for. */
  unfolded: number;
  onUnfold: (times: number) => void;
  /** Whether it is still being written. */
  passing: boolean;
}

/** Text shows a message: read as markdown where that is worth it, and bounded in height. */
export function Text({ text, names, unfolded, onUnfold, passing }: TextProps) {
  const long = !passing && isLong(text);
  const folded = long && unfolded === 0;
  const whole = isWhole(text, unfolded);
  const more = unfolded === 0 ? "Show more" : "Show still more";
  return (
    <>
      <div class={folded ? "folded" : undefined}>
        <Words text={text} names={names} passing={passing} times={long ? unfolded : Infinity} />
      </div>
      {long && (
        <button type="button" class="link more" data-testid="show-more" aria-expanded={!folded} onClick={() => onUnfold(whole ? 0 : unfolded + 1)}>
          {whole ? "Show less" : `${more} (${text.length.toLocaleString()} characters)`}
        </button>
      )}
    </>
  );
}

/** Words is the text itself, or as much of one that is not read as markdown as was asked for. */
function Words({ text, names, passing, times }: Pick<TextProps, "text" | "names" | "passing"> & { times: number }) {
  const read = useReader();
  const html = useMemo(() => {
    if (read === undefined || isPlain(text) || !isReadable(text)) return undefined;
    return read.render(text, names, passing);
  }, [read, text, names, passing]);
  if (html === undefined) return <Plain text={beginningOf(text, times)} />;
  return (
    <div class="text rich" data-testid="message-text" onClick={onCopy} dangerouslySetInnerHTML={{ __html: html }} />
  );
}

/** Plain shows a text as it is, with its links. */
function Plain({ text }: { text: string }) {
  const pieces = useMemo(() => linkify(text), [text]);
  return (
    <p class="text" dir="auto" data-testid="message-text">
      {pieces.map((piece, i) =>
        piece.href === undefined ? (
          piece.text
        ) : (
          <a key={i} href={piece.href} target="_blank" rel="noopener noreferrer">
            {piece.text}
          </a>
        ),
      )}
    </p>
  );
}

/** onCopy copies the block of code whose button was pressed. */
function onCopy(event: Event): void {
  const button = (event.target as Element).closest<HTMLButtonElement>("button[data-copy]");
  const code = button?.closest("figure")?.querySelector("code")?.textContent;
  if (button === null || code === undefined || code === null) return;
  void copyText(code).then((done) => {
    button.textContent = done ? "Copied" : "Not copied";
    setTimeout(() => (button.textContent = "Copy"), 1_500);
  });
}

/** copyText puts a text on the clipboard, also on a page without TLS. It returns whether that worked. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "visually-hidden";
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}
