import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Chat } from "../state/chat";
import { channelOf, logOf, pendingIn, titleOf, type State } from "../state/model";
import { useStore } from "../state/store";
import { dayName } from "../text/time";
import { Message } from "./message";
import { Icon, Spinner } from "./parts";
import { rowsOf } from "./rows";

/** How near the end counts as the end, and how near the top asks for older messages. */
const nearEnd = 80;
const nearTop = 400;

/** Messages shows one channel; it is made anew for every channel. */
export function Messages({ chat, channelId }: { chat: Chat; channelId: string }) {
  const { store } = chat;
  const log = useStore(store, (s) => logOf(s, channelId));
  const outbox = useStore(store, (s) => s.outbox);
  const history = useStore(store, (s) => s.history[channelId] ?? "loading");
  const online = useStore(store, (s) => s.connection === "online");
  const me = useStore(store, (s) => s.me);
  const agents = useStore(store, (s) => s.agents);
  const pending = useMemo(() => pendingIn(outbox, channelId, log), [outbox, channelId, log]);
  const rows = useMemo(() => rowsOf(log.posts, pending, me), [log.posts, pending, me]);
  const failed = typeof history === "object" ? history.failed : "";
  const older = () => void chat.loadOlder(channelId);
  const scroll = useScroll({
    first: log.posts[0]?.id ?? "",
    complete: !log.hasOlder,
    ownCount: pending.length,
    rows: rows.length,
    wantsOlder: log.loaded && log.hasOlder && history === "idle",
    older,
  });

  return (
    <div class="viewport">
      <div class="scroller" ref={scroll.ref} onScroll={scroll.onScroll} tabIndex={0} aria-label="Messages" role="region">
        <div
          class="log"
          role="log"
          aria-live="polite"
          aria-label="Messages of this channel"
          aria-busy={history === "loading"}
          data-testid="messages"
        >
          {log.loaded && log.hasOlder && (
            <div class="edge">
              {failed === "" ? (
                <Spinner label="Loading older messages…" />
              ) : (
                <Failure text={failed} onRetry={older} />
              )}
            </div>
          )}
          {log.loaded && !log.hasOlder && <Beginning chat={chat} empty={rows.length === 0} />}
          {!log.loaded &&
            (failed !== "" && online ? (
              <div class="edge">
                <Failure text={failed} onRetry={older} />
              </div>
            ) : (
              <Skeleton />
            ))}
          {rows.map((row) =>
            row.kind === "day" ? (
              <div key={row.key} class="day" role="separator">
                <span>{dayName(row.at, Date.now())}</span>
              </div>
            ) : (
              <Message
                key={row.key}
                row={row}
                own={row.authorId === me.id}
                agent={agents.some((agent) => agent.id === row.authorId)}
                onRetry={(id) => chat.retry(id)}
                onDiscard={(id) => chat.discard(id)}
              />
            ),
          )}
        </div>
      </div>
      {!scroll.atEnd && (
        <button class="jump" data-testid="jump" onClick={scroll.jump}>
          <Icon name="down" />
          {scroll.missed ? "New messages" : "Latest"}
        </button>
      )}
    </div>
  );
}

interface ScrollOptions {
  /** The first message; when another one stands there, older ones were put before it. */
  first: string;
  /** Whether the beginning stands above it, where there was a sign of older ones. */
  complete: boolean;
  /** How many messages of ours are on their way; one more brings the end into view. */
  ownCount: number;
  rows: number;
  wantsOlder: boolean;
  older: () => void;
}

/**
 * useScroll keeps the list where the reader is: at the end while they are at the end,
 * and on the same message when older ones come in above it.
 */
function useScroll({ first, complete, ownCount, rows, wantsOlder, older }: ScrollOptions) {
  const ref = useRef<HTMLDivElement>(null);
  const last = useRef({ first, complete, ownCount, rows, height: 0, end: true });
  const [atEnd, setAtEnd] = useState(true);
  const [missed, setMissed] = useState(false);
  const wants = useRef({ wantsOlder, older });
  wants.current = { wantsOlder, older };

  const toEnd = () => {
    const el = ref.current!;
    el.scrollTop = el.scrollHeight;
  };
  const jump = () => {
    toEnd();
    // The button is gone then, and must not take the focus with it.
    ref.current!.focus({ preventScroll: true });
  };
  const askForOlder = () => {
    if (ref.current!.scrollTop < nearTop && wants.current.wantsOlder) wants.current.older();
  };
  const onScroll = () => {
    const el = ref.current!;
    const end = el.scrollHeight - el.scrollTop - el.clientHeight < nearEnd;
    last.current.end = end;
    setAtEnd(end);
    if (end) setMissed(false);
    askForOlder();
  };

  useLayoutEffect(() => {
    const el = ref.current!;
    const before = last.current;
    const prepended = before.first !== "" && (first !== before.first || complete !== before.complete);
    if (ownCount > before.ownCount || before.end) toEnd();
    else if (prepended) el.scrollTop += el.scrollHeight - before.height;
    else if (rows > before.rows) setMissed(true);
    last.current = { ...before, first, complete, ownCount, rows, height: el.scrollHeight };
  }, [first, complete, ownCount, rows]);

  // A page that does not fill the view has no scroll events to ask for the next one.
  useEffect(askForOlder, [wantsOlder, rows]);

  useLayoutEffect(() => {
    const el = ref.current!;
    const observer = new ResizeObserver(() => {
      if (last.current.end) el.scrollTop = el.scrollHeight;
      last.current.height = el.scrollHeight;
    });
    observer.observe(el);
    observer.observe(el.firstElementChild!);
    return () => observer.disconnect();
  }, []);

  return { ref, onScroll, jump, atEnd, missed };
}

function Failure({ text, onRetry }: { text: string; onRetry: () => void }) {
  return (
    <p class="failure" role="alert">
      <Icon name="alert" />
      <span>Messages could not be loaded. {text}</span>
      <button class="link" data-testid="history-retry" onClick={onRetry}>
        Try again
      </button>
    </p>
  );
}

/** Beginning stands above the first message ever. */
function Beginning({ chat, empty }: { chat: Chat; empty: boolean }) {
  const title = useStore(chat.store, currentTitle);
  const direct = useStore(chat.store, (s) => channelOf(s, s.current)?.type === "DM");
  return (
    <div class="beginning" data-testid="beginning">
      <h3>{direct ? `You and ${title}` : title}</h3>
      <p>
        {direct ? "This is the beginning of your chat." : "This is the beginning of the channel."}
        {empty && " Say hello."}
      </p>
    </div>
  );
}

function currentTitle(state: State): string {
  const channel = channelOf(state, state.current);
  return channel === undefined ? "" : titleOf(state, channel);
}

/** Skeleton holds the place of messages that are being loaded. */
function Skeleton() {
  return (
    <div class="skeleton" role="status">
      <span class="visually-hidden">Loading messages…</span>
      {[0, 1, 2, 3].map((i) => (
        <div key={i} class="bone" aria-hidden="true">
          <i />
          <b />
          <b />
        </div>
      ))}
    </div>
  );
}
