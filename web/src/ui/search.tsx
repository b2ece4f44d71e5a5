import { useEffect, useRef, useState } from "preact/hooks";
import type { Post } from "../net/events";
import { reason } from "../net/server";
import type { Chat } from "../state/chat";
import { marked } from "../text/marks";
import { whenOf } from "../text/time";
import { Icon, Spinner } from "./parts";

/** How long after the last key is searched. */
const settledAfter = 250;

/** What a search has found so far. */
interface Found {
  readonly query: string;
  readonly posts: readonly Post[];
  readonly total: number;
}

interface Props {
  chat: Chat;
  channelId: string;
  onClose: () => void;
  /** Called when a result was opened. */
  onChosen: () => void;
}

/** SearchPanel finds messages of a channel, and opens them where they stand. */
export function SearchPanel({ chat, channelId, onClose, onChosen }: Props) {
  const [query, setQuery] = useState("");
  const { found, failed, busy, more } = useSearch(chat, channelId, query.trim());
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  return (
    <section
      class="search-panel"
      role="search"
      aria-label="Search in this channel"
      data-testid="search-panel"
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        onClose();
      }}
    >
      <div class="search-head">
        <Icon name="search" />
        <input
          ref={input}
          class="search-input"
          type="search"
          data-testid="search-input"
          aria-label="Words to look for"
          placeholder="Search in this channel"
          maxLength={200}
          autoComplete="off"
          onInput={(event) => setQuery(event.currentTarget.value)}
        />
        <button type="button" class="icon-button" data-testid="search-close" aria-label="Close the search" onClick={onClose}>
          <Icon name="close" />
        </button>
      </div>
      <p class="search-status" role="status" data-testid="search-status">
        {busy && found === undefined ? <Spinner label="Searching…" /> : failed !== "" ? failed : summary(found)}
      </p>
      {found !== undefined && (
        <ul class="results">
          {found.posts.map((post) => (
            <li key={post.id}>
              <button
                type="button"
                data-testid="search-result"
                data-id={post.id}
                onClick={() => {
                  onChosen();
                  void chat.show(channelId, post.id, post.seq);
                }}
              >
                <span class="result-head">
                  <b dir="auto">{post.authorName || "Somebody"}</b>
                  <span>{whenOf(post.at, Date.now())}</span>
                </span>
                <span class="result-text" dir="auto">
                  {marked(post.text, found.query).map((piece, i) => (piece.hit ? <mark key={i}>{piece.text}</mark> : piece.text))}
                </span>
              </button>
            </li>
          ))}
          {found.posts.length < found.total && (
            <li>
              <button type="button" class="link" data-testid="search-more" disabled={busy} onClick={more}>
                More results
              </button>
            </li>
          )}
        </ul>
      )}
    </section>
  );
}

/** summary says how much was found. */
function summary(found: Found | undefined): string {
  if (found === undefined) return "";
  if (found.total === 0) return "No message has these words.";
  return found.total === 1 ? "1 message" : `${found.total.toLocaleString()} messages`;
}

/** useSearch searches once the typing stops; answers to an older query are ignored. */
function useSearch(chat: Chat, channelId: string, query: string) {
  const [found, setFound] = useState<Found | undefined>(undefined);
  const [failed, setFailed] = useState("");
  const [busy, setBusy] = useState(false);
  const asked = useRef("");
  const ask = async (before: readonly Post[]) => {
    asked.current = query;
    setBusy(true);
    try {
      const { posts, total } = await chat.search(channelId, query, before.length);
      if (asked.current !== query) return;
      const known = new Set(before.map(({ id }) => id));
      setFound({ query, posts: [...before, ...posts.filter(({ id }) => !known.has(id))], total });
      setFailed("");
    } catch (err) {
      if (asked.current === query) setFailed(`The search failed: ${reason(err)}`);
    } finally {
      if (asked.current === query) setBusy(false);
    }
  };
  useEffect(() => {
    asked.current = query;
    if (query === "") {
      setFound(undefined);
      setFailed("");
      setBusy(false);
      return;
    }
    const timer = setTimeout(() => void ask([]), settledAfter);
    return () => clearTimeout(timer);
  }, [query, channelId]);
  return { found, failed, busy, more: () => void ask(found?.posts ?? []) };
}
