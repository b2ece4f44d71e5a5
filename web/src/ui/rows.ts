import type { Post } from "../net/events";
import type { OutboxItem } from "../state/outbox";
import { unturned } from "../text/bidi";
import { dayOf } from "../text/time";

/** One line of the message list. */
export type Row =
  | { readonly kind: "day"; readonly key: string; readonly at: number }
  | {
      readonly kind: "message";
      readonly key: string;
      readonly authorId: string;
      readonly authorName: string;
      readonly text: string;
      readonly at: number;
      /** Whether it follows one of the same author and needs no head of its own. */
      readonly grouped: boolean;
      /** Where a message of ours is on its way; undefined for others' and for older ones. */
      readonly status: "sending" | "waiting" | "sent" | "failed" | undefined;
      /** Why it failed. */
      readonly error: string;
      /** The id under which it can be sent again; undefined once it is stored. */
      readonly clientId: string | undefined;
    };

/** How far apart two messages of one author may be to stand under one head. */
const groupFor = 5 * 60_000;

/** rowsOf lays out a channel: what is stored, then what is on its way, day by day. */
export function rowsOf(posts: readonly Post[], pending: readonly OutboxItem[], me: { id: string; name: string }): Row[] {
  const rows: Row[] = [];
  let before: { authorId: string; at: number } | undefined;
  const add = (row: Omit<Extract<Row, { kind: "message" }>, "kind" | "grouped">) => {
    const newDay = before === undefined || dayOf(before.at) !== dayOf(row.at);
    if (newDay) rows.push({ kind: "day", key: `day-${row.key}`, at: row.at });
    const grouped = !newDay && before?.authorId === row.authorId && row.at - before.at < groupFor;
    rows.push({ kind: "message", ...row, grouped });
    before = { authorId: row.authorId, at: row.at };
  };
  const lastOwn = posts.findLast((post) => post.authorId === me.id);
  for (const post of posts) {
    const own = post.authorId === me.id;
    add({
      // The same key before and after the ack, so that the line stays the same element.
      key: own ? (post.clientId ?? post.id) : post.id,
      authorId: post.authorId,
      authorName: unturned(post.authorName) || "Somebody",
      text: post.text,
      at: post.at,
      status: post === lastOwn ? "sent" : undefined,
      error: "",
      clientId: undefined,
    });
  }
  for (const item of pending) {
    add({
      key: item.clientId,
      authorId: me.id,
      authorName: me.name,
      text: item.text,
      // A clock behind the server's must not open a day before the last one.
      at: Math.max(item.at, before?.at ?? 0),
      status: item.state,
      error: item.error ?? "",
      clientId: item.clientId,
    });
  }
  return rows;
}
