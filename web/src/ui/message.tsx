import { Component } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Chat } from "../state/chat";
import { channelOf } from "../state/select";
import { momentOf, shortTimeOf, timeOf } from "../text/time";
import { Text } from "./markdown";
import { Avatar, Icon } from "./parts";
import type { MessageRow } from "./rows";

interface Props {
  row: MessageRow;
  own: boolean;
  agent: boolean;
  names: readonly string[];
  /** How many times more of its text was asked for. */
  unfolded: number;
  editing: boolean;
  /** Whether it was looked up and stands out. */
  lit: boolean;
  /** Its place among the messages, and how many there are; -1 if that is not known. */
  place: number;
  total: number;
  chat: Chat;
  onUnfold: (key: string, times: number) => void;
  onMenu: (messageId: string, at: DOMRect) => void;
}

/** What a message is drawn anew for, apart from its row. */
const compared = ["own", "agent", "names", "unfolded", "editing", "lit", "place", "total"] as const;

/**
 * Message is one message; those that follow one of the same author show no head. It is
 * drawn again only when something in its row is different, so that a long list costs
 * little when a message comes in.
 */
export class Message extends Component<Props> {
  override shouldComponentUpdate(next: Props): boolean {
    const { props } = this;
    const same = compared.every((name) => props[name] === next[name]);
    return !same || !sameRow(props.row, next.row);
  }

  override render() {
    return <Drawn {...this.props} />;
  }
}

/** sameRow compares two rows field by field. */
function sameRow(a: MessageRow, b: MessageRow): boolean {
  return a === b || (Object.keys(a) as (keyof MessageRow)[]).every((field) => a[field] === b[field]);
}

/** classes are what the style sheet tells apart. */
function classes({ row, own, lit, editing }: Props): string {
  const names = ["message", row.grouped && "grouped", own && "own", row.status, lit && "lit", row.streaming && "streaming", editing && "edited-now"];
  return names.filter(Boolean).join(" ");
}

function Drawn(props: Props) {
  const { row, own, agent, chat, onMenu } = props;
  return (
    <article
      class={classes(props)}
      data-testid="message"
      data-id={row.id}
      data-author={row.authorId}
      data-status={row.status}
      data-streaming={row.streaming || undefined}
      tabIndex={-1}
      aria-posinset={props.place}
      aria-setsize={props.total}
      aria-label={`${row.authorName}, ${timeOf(row.at)}`}
      onContextMenu={(event) => {
        // A long press; with a mouse the browser's own menu is more useful.
        if (row.id === "" || !isTouch(event)) return;
        event.preventDefault();
        onMenu(row.id, event.currentTarget.getBoundingClientRect());
      }}
    >
      {row.grouped ? (
        <time class="aside" dateTime={iso(row.at)} title={momentOf(row.at)}>
          {shortTimeOf(row.at)}
        </time>
      ) : (
        <Avatar id={row.authorId} name={row.authorName} agent={agent} />
      )}
      <div class="content">
        {row.replyTo !== "" && <Quote row={row} onShow={() => void chat.show(chat.store.get().current ?? "", row.replyTo)} />}
        <header class={row.grouped ? "visually-hidden" : "head"}>
          <span class="author" data-testid="message-author" dir="auto">
            {row.authorName}
          </span>
          {own && <span class="badge you">you</span>}
          {agent && <span class="badge">agent</span>}
          {!row.grouped && !row.streaming && (
            <time dateTime={iso(row.at)} title={momentOf(row.at)}>
              {timeOf(row.at)}
            </time>
          )}
        </header>
        <Body {...props} />
        {!props.editing && <Status row={row} chat={chat} />}
        {row.outcome !== undefined && <OutcomeLine row={row} chat={chat} />}
      </div>
      {row.id !== "" && (
        <button
          type="button"
          class="icon-button message-menu"
          tabIndex={-1}
          data-testid="message-menu"
          aria-haspopup="menu"
          aria-label="What can be done with this message"
          title="More"
          onClick={(event) => onMenu(row.id, event.currentTarget.getBoundingClientRect())}
        >
          <Icon name="more" />
        </button>
      )}
    </article>
  );
}

/** isTouch says that a menu was asked for by a long press. */
function isTouch(event: MouseEvent): boolean {
  return event instanceof PointerEvent && event.pointerType === "touch";
}

/** iso is a moment for machines. */
function iso(at: number): string {
  return new Date(at).toISOString();
}

/** Body is the text of a message, or the field in which it is edited. */
function Body({ row, names, unfolded, editing, chat, onUnfold }: Props) {
  if (editing) return <Editor row={row} chat={chat} />;
  return (
    <Text
      text={row.text}
      names={names}
      unfolded={unfolded}
      passing={row.streaming}
      onUnfold={(times) => onUnfold(row.key, times)}
    />
  );
}

/** Quote says what is answered, and leads there. */
function Quote({ row, onShow }: { row: MessageRow; onShow: () => void }) {
  return (
    <button type="button" class="quote" data-testid="quote" tabIndex={-1} onClick={onShow}>
      <Icon name="reply" />
      <span class="visually-hidden">In reply to </span>
      {row.replyName !== "" && <span class="who" dir="auto">{row.replyName}</span>}
      <span class="label" dir="auto">
        {row.replyText}
      </span>
    </button>
  );
}

/** Editor changes the text of a message: Enter saves, Escape leaves it as it was. */
function Editor({ row, chat }: { row: MessageRow; chat: Chat }) {
  const ref = useRef<HTMLTextAreaElement>(null);
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  useLayoutEffect(() => {
    const field = ref.current!;
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
  }, []);
  const leave = () => {
    chat.messenger.edit(undefined);
    document.getElementById("composer")?.focus();
  };
  const save = async () => {
    const text = ref.current!.value.trim();
    if (text === row.text) return leave();
    if (text === "") return setError("An empty message can only be deleted.");
    setBusy(true);
    const failed = await chat.messenger.saveEdit({ channelId: chat.store.get().current ?? "", id: row.id }, text);
    setBusy(false);
    if (failed === "") document.getElementById("composer")?.focus();
    else setError(failed);
  };
  return (
    <form
      class="editor"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <textarea
        ref={ref}
        data-testid="edit-input"
        aria-label="Edit this message"
        dir="auto"
        rows={2}
        defaultValue={chat.messenger.unsavedEdit(row.id) ?? row.text}
        onInput={(event) => chat.messenger.keepEdit(row.id, event.currentTarget.value)}
        onKeyDown={(event) => {
          event.stopPropagation();
          if (event.key === "Escape") leave();
          else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) void save();
          else return;
          event.preventDefault();
        }}
      />
      {error !== "" && (
        <p class="error" role="alert">
          {error}
        </p>
      )}
      <div class="buttons">
        <button type="button" class="quiet small" data-testid="edit-cancel" onClick={leave}>
          Cancel
        </button>
        <button type="submit" class="primary small" data-testid="edit-save" disabled={busy}>
          Save
        </button>
      </div>
    </form>
  );
}

/** Status is the line below a stored message: what became of it, and who has read it. */
function Status({ row, chat }: { row: MessageRow; chat: Chat }) {
  const { status, edited, stopped } = row;
  if (status !== undefined && status !== "sent") return <Way row={row} chat={chat} />;
  if (status === undefined && !edited && !stopped) return null;
  return (
    <p class="status">
      {edited && (
        <span class="remark" data-testid="edited">
          edited
        </span>
      )}
      {stopped && (
        <span class="remark" data-testid="stopped">
          stopped
        </span>
      )}
      {status === "sent" && <Seen row={row} chat={chat} />}
    </p>
  );
}

/** Seen says that our last message was stored, or by how many it was read. */
function Seen({ row: { seenBy }, chat }: { row: MessageRow; chat: Chat }) {
  const state = chat.store.get();
  const group = channelOf(state, state.current)?.type !== "DM";
  return (
    <span class="remark" data-testid={seenBy > 0 ? "seen" : "sent"}>
      <Icon name={seenBy > 0 ? "seen" : "check"} />
      {seenBy === 0 ? "Sent" : group ? `Seen by ${seenBy}` : "Seen"}
    </span>
  );
}

/** Way says where a message of ours is that is not stored. */
function Way({ row: { clientId, status, error }, chat }: { row: MessageRow; chat: Chat }) {
  if (status !== "failed" || clientId === undefined) {
    return (
      <p class="status">
        <Icon name="clock" />
        {status === "sending" ? "Sending…" : "Waiting for the connection"}
      </p>
    );
  }
  return (
    <p class="status failed" role="alert">
      <Icon name="alert" />
      <span>Not sent. {error}</span>
      <button class="link" data-testid="retry" onClick={() => chat.messenger.retry(clientId)}>
        Try again
      </button>
      <button class="link" data-testid="discard" onClick={() => chat.messenger.discard(clientId)}>
        Discard
      </button>
    </p>
  );
}

/** OutcomeLine says why there is no answer, or no whole one. */
function OutcomeLine({ row, chat }: { row: MessageRow; chat: Chat }) {
  const { kind, who, error } = row.outcome!;
  const name = who || "The agent";
  const words = kind === "stopped" ? `${name} was stopped.` : `${name} could not answer${error === "" ? "." : `: ${error}`}`;
  return (
    <p class={kind === "failed" ? "status outcome failed" : "status outcome"} role="status" data-testid="outcome" data-outcome={kind}>
      <Icon name={kind === "failed" ? "alert" : "stop"} />
      <span>{words}</span>
      <button class="link" data-testid="ask-again" onClick={() => chat.messenger.askAgain(row.id)}>
        Ask again
      </button>
    </p>
  );
}
