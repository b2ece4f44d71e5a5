import { useEffect, useRef, useState } from "preact/hooks";
import type { Chat } from "../state/chat";
import { logOf } from "../state/select";
import { useStore } from "../state/store";

/** How long words stay for a screen reader to pick them up. */
const staysFor = 5_000;

/** How much of a message is read out, and how many at once. */
const readOut = 300;
const atOnce = 3;

/**
 * Announcer tells screen readers what comes in while the channel is open: each message
 * once and whole, so that neither scrolling nor an answer that grows is read out.
 */
export function Announcer({ chat, channelId }: { chat: Chat; channelId: string }) {
  const log = useStore(chat.store, (s) => logOf(s, channelId));
  const [words, setWords] = useState<readonly string[]>([]);
  const told = useRef<number | undefined>(undefined);
  useEffect(() => {
    const last = log.posts.at(-1);
    if (last === undefined || !log.loaded) return;
    const from = told.current;
    told.current = Math.max(last.seq, from ?? 0);
    if (from === undefined) return; // What was there at opening is read by moving through it.
    const news = log.posts.slice(-20).filter((post) => post.seq > from && post.authorId !== chat.store.get().me.id);
    if (news.length === 0) return;
    const more = news.length > atOnce ? [`${news.length - atOnce} more messages`] : [];
    setWords([...more, ...news.slice(-atOnce).map((post) => `${post.authorName}: ${post.text.slice(0, readOut)}`)]);
  }, [log.posts]);
  useEffect(() => {
    if (words.length === 0) return;
    const timer = setTimeout(() => setWords([]), staysFor);
    return () => clearTimeout(timer);
  }, [words]);
  return (
    <div class="visually-hidden" role="status" aria-live="polite" data-testid="announcer">
      {words.map((text, i) => (
        <p key={`${i}-${text}`}>{text}</p>
      ))}
    </div>
  );
}
