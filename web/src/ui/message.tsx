import { Component } from "preact";
import { useMemo } from "preact/hooks";
import { linkify } from "../text/linkify";
import { momentOf, shortTimeOf, timeOf } from "../text/time";
import { Avatar, Icon } from "./parts";
import type { Row } from "./rows";

interface Props {
  row: Extract<Row, { kind: "message" }>;
  own: boolean;
  agent: boolean;
  onRetry: (clientId: string) => void;
  onDiscard: (clientId: string) => void;
}

/**
 * Message is one message; those that follow one of the same author show no head. It is
 * drawn again only when something in its row is different, so that a long list costs
 * little when a message comes in.
 */
export class Message extends Component<Props> {
  override shouldComponentUpdate(next: Props): boolean {
    return !same(this.props.row, next.row) || this.props.own !== next.own || this.props.agent !== next.agent;
  }

  override render() {
    return <Drawn {...this.props} />;
  }
}

/** same compares two rows field by field. */
function same(a: Props["row"], b: Props["row"]): boolean {
  return (Object.keys(a) as (keyof Props["row"])[]).every((field) => a[field] === b[field]);
}

function Drawn({ row, own, agent, onRetry, onDiscard }: Props) {
  const names = ["message", row.grouped ? "grouped" : "", own ? "own" : "", row.status ?? ""];
  return (
    <article class={names.filter(Boolean).join(" ")} data-testid="message" data-author={row.authorId} data-status={row.status}>
      {row.grouped ? (
        <time class="aside" dateTime={iso(row.at)} title={momentOf(row.at)}>
          {shortTimeOf(row.at)}
        </time>
      ) : (
        <Avatar id={row.authorId} name={row.authorName} agent={agent} />
      )}
      <div class="content">
        <header class={row.grouped ? "visually-hidden" : "head"}>
          <span class="author" data-testid="message-author">
            {row.authorName}
          </span>
          {own && <span class="badge you">you</span>}
          {agent && <span class="badge">agent</span>}
          {!row.grouped && (
            <time dateTime={iso(row.at)} title={momentOf(row.at)}>
              {timeOf(row.at)}
            </time>
          )}
        </header>
        <Text text={row.text} />
        <Status row={row} onRetry={onRetry} onDiscard={onDiscard} />
      </div>
    </article>
  );
}

function iso(at: number): string {
  return new Date(at).toISOString();
}

/** Text shows a message as text nodes and links, never as markup. */
function Text({ text }: { text: string }) {
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

/** Status says where a message of ours is on its way. */
function Status({ row, onRetry, onDiscard }: Pick<Props, "row" | "onRetry" | "onDiscard">) {
  const { clientId } = row;
  if (row.status === undefined) return null;
  if (row.status !== "failed" || clientId === undefined) {
    const [icon, words] = row.status === "sent" ? (["check", "Sent"] as const) : (["clock", onItsWay[row.status]] as const);
    return (
      <p class="status">
        <Icon name={icon} />
        {words}
      </p>
    );
  }
  return (
    <p class="status failed" role="alert">
      <Icon name="alert" />
      <span>Not sent. {row.error}</span>
      <button class="link" data-testid="retry" onClick={() => onRetry(clientId)}>
        Try again
      </button>
      <button class="link" data-testid="discard" onClick={() => onDiscard(clientId)}>
        Discard
      </button>
    </p>
  );
}

/** What a message on its way says. */
const onItsWay = { sending: "Sending…", waiting: "Waiting for the connection", failed: "Not sent" };
