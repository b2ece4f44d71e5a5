import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Chat } from "../state/chat";
import { agentOf, agentsIn, channelOf, titleOf, typistsOf, type State } from "../state/model";
import { useStore } from "../state/store";
import { isolated } from "../text/bidi";
import { Icon } from "./parts";

/** The longest message that the server takes, and from where on the rest is counted. */
const maxLength = 100_000;
const countFrom = 95_000;

/** Whether the style sheet makes the field as high as its text; else it is measured. */
const growsByItself = CSS.supports("field-sizing", "content");

/** Composer is where a message is written; it is made anew for every channel. */
export function Composer({ chat, channelId }: { chat: Chat; channelId: string }) {
  const [text, setText] = useState(() => chat.draft(channelId));
  const title = useStore(chat.store, channelTitle);
  const ref = useRef<HTMLTextAreaElement>(null);
  const length = lengthOf(text);
  const ready = isReady(text);

  useLayoutEffect(() => {
    if (growsByItself) return;
    const el = ref.current!;
    el.style.height = "auto";
    el.style.height = `${el.scrollHeight}px`;
  }, [text]);
  useEffect(() => {
    // On a touch screen the focus would bring up the keyboard.
    if (!matchMedia("(pointer: fine)").matches) return;
    const focus = () => ref.current?.focus();
    const dialog = document.querySelector("dialog[open]");
    if (dialog === null) return focus();
    // A dialog keeps the focus until it is closed.
    dialog.addEventListener("close", focus, { once: true });
    return () => dialog.removeEventListener("close", focus);
  }, []);

  const change = (value: string) => {
    setText(value);
    chat.drafted(channelId, value);
  };
  const send = () => {
    // What was typed since the last drawing counts as well.
    const el = ref.current!;
    if (!isReady(el.value)) return;
    chat.send(clean(el.value));
    el.value = "";
    change("");
    el.focus();
  };

  return (
    <form
      class="composer"
      aria-label="Write a message"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <Activity chat={chat} channelId={channelId} />
      <div class="box">
        <label class="visually-hidden" for="composer">
          Message to {title}
        </label>
        <textarea
          id="composer"
          ref={ref}
          data-testid="composer"
          rows={1}
          value={text}
          dir="auto"
          placeholder={`Message ${title}`}
          aria-describedby="composer-hint"
          enterkeyhint="send"
          onInput={(event) => change(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.shiftKey || composing(event)) return;
            event.preventDefault();
            send();
          }}
        />
        <button type="submit" class="send" data-testid="send" aria-label="Send" title="Send" disabled={!ready}>
          <Icon name="send" />
        </button>
      </div>
      <p class="hint" id="composer-hint">
        {length < countFrom ? (
          <span class="keys">Enter sends, Shift+Enter starts a new line</span>
        ) : (
          <span class={length > maxLength ? "error" : ""} role="status" data-testid="length">
            {length.toLocaleString()} of {maxLength.toLocaleString()} characters
          </span>
        )}
      </p>
    </form>
  );
}

/** composing says that Enter ends a character; Safari tells it by the old key code only. */
function composing(event: KeyboardEvent): boolean {
  return event.isComposing || event.keyCode === 229;
}

/** lengthOf counts characters as the server does, but only where it matters. */
function lengthOf(text: string): number {
  return text.length < countFrom ? text.length : [...text].length;
}

function isReady(text: string): boolean {
  return clean(text) !== "" && lengthOf(text) <= maxLength;
}

/** clean is what is sent: without NUL, broken surrogates and blank lines around it. */
function clean(text: string): string {
  return text.toWellFormed().replaceAll("\0", "").replace(/^\s*\n/, "").trimEnd();
}

function channelTitle(state: State): string {
  const channel = channelOf(state, state.current);
  return channel === undefined ? "" : titleOf(state, channel);
}

/** Activity says who types and which agent is at work. Its place is always kept. */
function Activity({ chat, channelId }: { chat: Chat; channelId: string }) {
  const words = useStore(chat.store, (state) => activityIn(state, channelId));
  return (
    <p class="activity" role="status" data-testid="activity">
      {words !== "" && (
        <>
          <span class="dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          <span class="label">{words}</span>
        </>
      )}
    </p>
  );
}

function activityIn(state: State, channelId: string): string {
  const typists = typistsOf(state, channelId);
  const thinking = new Set(typists.flatMap((t) => agentOf(state, t.id)?.name ?? []));
  const channel = channelOf(state, channelId);
  if (channel !== undefined && (state.awaited[channelId] ?? []).length > 0) {
    for (const agent of agentsIn(state, channel)) if (agent.active) thinking.add(agent.name);
  }
  const typing = typists.filter((t) => !agentOf(state, t.id)).map((t) => t.name || "Somebody");
  return [phrase([...thinking], "thinking"), phrase(typing, "typing")].filter(Boolean).join(" · ");
}

function phrase(who: readonly string[], what: string): string {
  const names = who.map(isolated);
  if (names.length === 0) return "";
  if (names.length === 1) return `${names[0]} is ${what}`;
  if (names.length > 3) return `${names.length} are ${what}`;
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)} are ${what}`;
}
