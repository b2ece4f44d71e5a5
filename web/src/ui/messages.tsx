import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Chat } from "../state/chat";
import { logOf, pendingIn, peopleIn, shownLog, streamsOf } from "../state/select";
import { useStore } from "../state/store";
import { dayName } from "../text/time";
import { useActions } from "./actions";
import { Announcer } from "./announcer";
import { Bottom, Top } from "./edges";
import { Menu } from "./menu";
import { Message } from "./message";
import { Icon } from "./parts";
import { bottom, storedRows, unstoredRows, type Row, type Scene } from "./rows";
import { useScroll } from "./scroll";
import type { Show } from "./shown";

/** How long a message that was looked up stands out. */
const highlightFor = 2_500;

/** Messages shows one channel; it is made anew for every channel. */
export function Messages({ chat, channelId, show }: { chat: Chat; channelId: string; show: Show }) {
  const { store } = chat;
  const log = useStore(store, (s) => shownLog(s, channelId));
  const history = useStore(store, (s) => s.history[channelId] ?? "loading");
  const agents = useStore(store, (s) => s.agents);
  const editing = useStore(store, (s) => s.editing);
  const inWindow = useStore(store, (s) => s.windows[channelId] !== undefined);
  const rows = useRows(chat, channelId);
  const names = useNames(chat, channelId);
  const [unfolded, setUnfolded] = useState<ReadonlyMap<string, number>>(new Map());
  const first = useMemo(() => (rows.some((row) => row.kind === "new") ? "new" : undefined), [rows]);
  const idle = log.loaded && history === "idle";
  const scroll = useScroll({
    rows,
    first,
    wantsOlder: idle && log.hasOlder,
    wantsNewer: idle && inWindow,
    goesOn: inWindow,
    older: () => chat.loadOlder(channelId),
    newer: () => chat.loadNewer(channelId),
    viewed: (last) => {
      const seq = lastStored(rows, last);
      if (seq > 0) chat.viewed(channelId, seq);
    },
  });
  const lit = useFocus(chat, channelId, rows, scroll.show);
  useOwnAtEnd(rows, scroll.toEnd);
  useEditInView(rows, editing, scroll);
  const actions = useActions(chat, channelId, show);
  const onUnfold = useCallback((key: string, times: number) => setUnfolded((was) => new Map(was).set(key, times)), []);
  const total = useMemo(() => rows.reduce((n, row) => n + (row.kind === "message" ? 1 : 0), 0), [rows]);
  const before = useMemo(() => rows.slice(0, scroll.from).reduce((n, row) => n + (row.kind === "message" ? 1 : 0), 0), [rows, scroll.from]);
  let place = before;

  return (
    <div class="viewport">
      <div
        class="scroller"
        ref={scroll.ref}
        onScroll={scroll.onScroll}
        onKeyDown={(event) => {
          walk(event, actions.openAt);
          scroll.onKey(event);
        }}
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label="Messages of this channel"
        aria-busy={history === "loading"}
        data-testid="messages"
        data-channel={channelId}
      >
        <div class="list">
          <div data-space="above" style={{ height: `${scroll.above}px` }} />
          {rows.slice(scroll.from, scroll.to).map((row) => (
            <div key={row.key} data-key={row.key} class="row">
              {row.kind === "top" && <Top chat={chat} channelId={channelId} empty={rows.length === 1} />}
              {row.kind === "bottom" && <Bottom chat={chat} channelId={channelId} />}
              {row.kind === "day" && (
                <div class="day" role="separator" aria-label={dayName(row.at, Date.now())}>
                  <span>{dayName(row.at, Date.now())}</span>
                </div>
              )}
              {row.kind === "new" && (
                <div class="day new" role="separator" aria-label="New messages" data-testid="new-line">
                  <span>New messages</span>
                </div>
              )}
              {row.kind === "message" && (
                <Message
                  row={row}
                  own={row.authorId === store.get().me.id}
                  agent={agents.some((agent) => agent.id === row.authorId)}
                  names={names}
                  unfolded={unfolded.get(row.key) ?? 0}
                  editing={row.id !== "" && editing === row.id}
                  lit={lit === row.key}
                  place={++place}
                  total={log.hasOlder || inWindow ? -1 : total}
                  chat={chat}
                  onUnfold={onUnfold}
                  onMenu={actions.open}
                />
              )}
            </div>
          ))}
          <div data-space="below" style={{ height: `${scroll.below}px` }} />
        </div>
      </div>
      <Jump chat={chat} channelId={channelId} away={!scroll.atEnd} inWindow={inWindow} onJump={scroll.toEnd} list={scroll.ref} />
      {actions.menu !== undefined && <Menu {...actions.menu} onClose={actions.close} />}
      <Announcer chat={chat} channelId={channelId} />
    </div>
  );
}

/** useRows lays out the channel. What is stored is laid out anew only when it changes. */
function useRows(chat: Chat, channelId: string): readonly Row[] {
  const { store } = chat;
  const log = useStore(store, (s) => shownLog(s, channelId));
  const inWindow = useStore(store, (s) => s.windows[channelId] !== undefined);
  const outbox = useStore(store, (s) => s.outbox);
  const streams = useStore(store, (s) => streamsOf(s, channelId));
  const me = useStore(store, (s) => s.me);
  const mark = useStore(store, (s) => s.marks[channelId]);
  const outcomes = useStore(store, (s) => s.outcomes);
  const reads = useStore(store, (s) => s.reads[channelId]);
  const agents = useStore(store, (s) => s.agents);
  const scene = useMemo<Scene>(() => {
    const isAgent = (id: string) => agents.some((agent) => agent.id === id);
    const readers = Object.entries(reads ?? {}).flatMap(([id, seq]) => (id === me.id || isAgent(id) ? [] : [seq]));
    return { me, mark, outcomes, entries: log.entries, readers, isAgent };
  }, [log, me, mark, outcomes, reads, agents]);
  const stored = useMemo(() => storedRows(log.posts, scene), [log.posts, scene]);
  const pending = useMemo(() => pendingIn(outbox, channelId, log), [outbox, channelId, log]);
  return useMemo(() => {
    if (inWindow) return [...stored, bottom];
    if (pending.length + streams.length === 0) return stored;
    return [...stored, ...unstoredRows(stored, pending, streams, scene)];
  }, [stored, pending, streams, inWindow]);
}

/** useNames are the names that are shown as mentions: agents, people, and us. */
function useNames(chat: Chat, channelId: string): readonly string[] {
  const joined = useStore(chat.store, (s) => {
    const people = peopleIn(s, channelId, logOf(s, channelId).posts).map(({ name }) => name);
    return [...s.agents.map(({ name }) => name), s.me.name, ...people].join("\n");
  });
  return useMemo(() => joined.split("\n").filter(Boolean), [joined]);
}

/** lastStored is the seq of the last stored message up to a row, 0 if there is none. */
function lastStored(rows: readonly Row[], last: number): number {
  for (let i = Math.min(last, rows.length - 1); i >= 0; i--) {
    const row = rows[i]!;
    if (row.kind === "message" && row.seq > 0) return row.seq;
  }
  return 0;
}

/** useFocus brings what was looked up into view. It returns which row stands out. */
function useFocus(chat: Chat, channelId: string, rows: readonly Row[], show: (key: string) => boolean): string {
  const focus = useStore(chat.store, (s) => s.focus);
  const [lit, setLit] = useState("");
  const done = useRef(0);
  useEffect(() => {
    if (focus?.channelId !== channelId || focus.wish === done.current) return;
    const row = rows.find((r) => r.kind === "message" && r.id === focus.messageId);
    if (row === undefined || !show(row.key)) return;
    done.current = focus.wish;
    setLit(row.key);
  }, [focus, rows]);
  useEffect(() => {
    if (lit === "") return;
    const timer = setTimeout(() => setLit(""), highlightFor);
    return () => clearTimeout(timer);
  }, [lit]);
  return lit;
}

/** useOwnAtEnd goes to the end when a message of ours is put on its way. */
function useOwnAtEnd(rows: readonly Row[], toEnd: () => void): void {
  const last = rows.at(-1);
  const waiting = last?.kind === "message" && last.seq === 0 && !last.streaming ? last.key : "";
  useEffect(() => {
    if (waiting !== "") toEnd();
  }, [waiting]);
}

/** useEditInView brings the message that is opened for editing into view. */
function useEditInView(rows: readonly Row[], editing: string | undefined, scroll: ReturnType<typeof useScroll>): void {
  useEffect(() => {
    if (editing === undefined) return;
    const drawn = scroll.ref.current?.querySelector(`[data-id="${CSS.escape(editing)}"]`);
    if (drawn) return drawn.scrollIntoView({ block: "nearest" });
    const row = rows.find((r) => r.kind === "message" && r.id === editing);
    if (row !== undefined) scroll.show(row.key);
  }, [editing]);
}

/** walk moves the focus from message to message, and opens what can be done with one. */
function walk(event: KeyboardEvent, open: (article: HTMLElement) => void): void {
  const target = event.target as HTMLElement;
  const list = event.currentTarget as HTMLElement;
  const article = target.matches("article") ? target : undefined;
  if (article === undefined && target !== list) return;
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "ArrowUp" || event.key === "ArrowDown") {
    const all = [...list.querySelectorAll<HTMLElement>("article")];
    const shown = all.filter((a) => a.getBoundingClientRect().top < list.getBoundingClientRect().bottom);
    const i = article === undefined ? shown.length : all.indexOf(article);
    const next = all[i + (event.key === "ArrowUp" ? -1 : 1)];
    if (next === undefined && article !== undefined) return;
    (next ?? shown.at(-1))?.focus({ preventScroll: true });
    (next ?? shown.at(-1))?.scrollIntoView({ block: "nearest" });
  } else if (article !== undefined && (event.key === "Enter" || event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey))) {
    open(article);
  } else return;
  event.preventDefault();
}

interface JumpProps {
  chat: Chat;
  channelId: string;
  away: boolean;
  inWindow: boolean;
  onJump: () => void;
  list: { current: HTMLElement | null };
}

/** Jump leads back to the end. */
function Jump({ chat, channelId, away, inWindow, onJump, list }: JumpProps) {
  const unread = useStore(chat.store, (s) => s.unread[channelId] ?? 0);
  if (!away && !inWindow) return null;
  const words = unread === 0 ? (inWindow ? "Jump to latest" : "Latest") : unread === 1 ? "1 new message" : `${unread} new messages`;
  return (
    <button
      class="jump"
      data-testid="jump"
      onClick={() => {
        chat.toLatest(channelId);
        onJump();
        // The button is gone then, and must not take the focus with it.
        list.current?.focus({ preventScroll: true });
      }}
    >
      <Icon name="down" />
      {words}
    </button>
  );
}
