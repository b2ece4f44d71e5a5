import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { can } from "../state/abilities";
import type { Chat } from "../state/chat";
import type { State } from "../state/model";
import { answering, channelOf, titleOf } from "../state/select";
import { useStore } from "../state/store";
import { Activity } from "./activity";
import { AsleepBar } from "./asleep";
import { MentionList, useMentions } from "./mentions";
import { dialogGone, Icon } from "./parts";
import { byTouch } from "./touch";

/** The longest message that the server takes, and from where on the rest is counted. */
const maxLength = 100_000;
const countFrom = 95_000;

/** Whether the style sheet makes the field as high as its text; else it is measured. */
const growsByItself = CSS.supports("field-sizing", "content");

/** Composer is where a message is written; it is made anew for every channel. */
export function Composer({ chat, channelId }: { chat: Chat; channelId: string }) {
  const [text, setText] = useState(() => chat.messenger.draft(channelId));
  const title = useStore(chat.store, channelTitle);
  const busy = useStore(chat.store, (s) => answering(s, channelId) && can(s, "stop"));
  const ref = useRef<HTMLTextAreaElement>(null);
  const length = lengthOf(text);

  useGrowth(ref, text);
  useFocusAtOpening(ref);
  const change = (value: string) => {
    setText(value);
    chat.messenger.drafted(channelId, value);
  };
  const mentions = useMentions(chat, channelId, (value, cursor) => {
    const el = ref.current!;
    el.value = value;
    el.setSelectionRange(cursor, cursor);
    el.focus();
    change(value);
  });
  const send = () => {
    // What was typed since the last drawing counts as well.
    const el = ref.current!;
    if (!isReady(el.value)) return;
    chat.messenger.send(channelId, clean(el.value));
    el.value = "";
    change("");
    mentions.close();
    el.focus();
  };
  const onKeyDown = (event: KeyboardEvent & { currentTarget: HTMLTextAreaElement }) => {
    if (composing(event) || mentions.onKey(event)) return;
    if (event.key === "Enter" && !event.shiftKey && !byTouch()) send();
    else if (event.key === "ArrowUp" && !event.altKey && event.currentTarget.value === "" && startEdit(chat, channelId)) mentions.close();
    else if (event.key !== "Escape" || !leave(chat, channelId)) return;
    event.preventDefault();
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
      <AsleepBar chat={chat} channelId={channelId} />
      <ReplyBar chat={chat} channelId={channelId} />
      {mentions.offer !== undefined && (
        <MentionList offer={mentions.offer} onTake={(candidate) => mentions.take(ref.current!, candidate)} />
      )}
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
          aria-autocomplete="list"
          aria-controls={mentions.offer === undefined ? undefined : "mentions"}
          aria-activedescendant={mentions.offer === undefined ? undefined : `mention-${mentions.offer.chosen}`}
          enterkeyhint={byTouch() ? "enter" : "send"}
          onInput={(event) => {
            change(event.currentTarget.value);
            mentions.look(event.currentTarget);
          }}
          onClick={(event) => mentions.look(event.currentTarget)}
          onBlur={() => mentions.close()}
          onKeyDown={onKeyDown}
        />
        {busy && (
          <button
            type="button"
            class="send stop"
            data-testid="stop"
            aria-label="Stop the answer"
            title="Stop the answer (Esc)"
            onClick={() => {
              void chat.messenger.stop(channelId);
              // The button goes, and what is typed next belongs into the field.
              if (!byTouch()) ref.current?.focus();
            }}
          >
            <Icon name="stop" />
          </button>
        )}
        <button type="submit" class="send" data-testid="send" aria-label="Send" title="Send" disabled={!isReady(text)}>
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

/** startEdit opens our last message for editing. It returns whether it did. */
function startEdit(chat: Chat, channelId: string): boolean {
  return can(chat.store.get(), "edit") && chat.messenger.editLast(channelId);
}

/** leave is what Escape does: it gives up a reply, else stops an answer. It returns whether it did. */
function leave(chat: Chat, channelId: string): boolean {
  const state = chat.store.get();
  if (state.replying[channelId] !== undefined) chat.messenger.unreply(channelId);
  else if (answering(state, channelId) && can(state, "stop")) void chat.messenger.stop(channelId);
  else return false;
  return true;
}

/** useGrowth makes the field as high as its text where the style sheet cannot. */
function useGrowth(ref: { current: HTMLTextAreaElement | null }, text: string): void {
  useLayoutEffect(() => {
    if (growsByItself) return;
    const el = ref.current!;
    el.style.height = "auto";
    el.style.height = `${el.scrollHeight}px`;
  }, [text]);
}

/**
 * useFocusAtOpening puts the cursor into the field, but not where that brings up a keyboard. It
 * is there when the field is, and when a dialog has gone: what is typed at once gets lost else.
 */
function useFocusAtOpening(ref: { current: HTMLTextAreaElement | null }): void {
  useLayoutEffect(() => {
    if (!matchMedia("(pointer: fine)").matches) return;
    const focus = () => ref.current?.focus();
    const dialog = document.querySelector("dialog[open]");
    if (dialog === null) return focus();
    // A dialog keeps the focus until it is closed.
    dialog.addEventListener(dialogGone, focus, { once: true });
    return () => dialog.removeEventListener(dialogGone, focus);
  }, []);
}

/** ReplyBar says which message is being answered. */
function ReplyBar({ chat, channelId }: { chat: Chat; channelId: string }) {
  const quoted = useStore(chat.store, (s) => s.replying[channelId]);
  if (quoted === undefined) return null;
  return (
    <div class="reply-bar" data-testid="reply-bar">
      <Icon name="reply" />
      <span class="label">
        Reply to <b dir="auto">{quoted.authorName}</b>: <span dir="auto">{quoted.text}</span>
      </span>
      <button
        type="button"
        class="icon-button"
        data-testid="reply-cancel"
        aria-label="Do not reply to this message"
        onClick={() => {
          chat.messenger.unreply(channelId);
          document.getElementById("composer")?.focus();
        }}
      >
        <Icon name="close" />
      </button>
    </div>
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

/** isReady says that a text can be sent. */
function isReady(text: string): boolean {
  return clean(text) !== "" && lengthOf(text) <= maxLength;
}

/** clean is what is sent: without NUL, broken surrogates and blank lines around it. */
function clean(text: string): string {
  return text.toWellFormed().replaceAll("\0", "").replace(/^\s*\n/, "").trimEnd();
}

/** channelTitle is what the open channel is called. */
function channelTitle(state: State): string {
  const channel = channelOf(state, state.current);
  return channel === undefined ? "" : titleOf(state, channel);
}
