import type { Completion, StreamFailure } from "../net/signals";

/** Why there is no answer to a message, or no whole one. */
export interface Outcome {
  readonly kind: "failed" | "stopped";
  /** Who could not answer, "" if that is not known. */
  readonly who: string;
  /** Why, in words for the user. */
  readonly error: string;
}

/** How many are kept. */
const remembered = 200;

/** outcomeOf is what is worth telling of the end of a wait; undefined if nothing is. */
export function outcomeOf(event: Completion | StreamFailure, who: string): Outcome | undefined {
  if ("outcome" in event) {
    if (event.outcome === "stopped") return { kind: "stopped", who, error: "" };
    return event.outcome === "failed" ? { kind: "failed", who, error: event.error } : undefined;
  }
  return event.error === "" ? undefined : { kind: "failed", who, error: event.error };
}

/** withOutcome adds one by the message that was asked, and forgets the oldest beyond a bound. */
export function withOutcome(
  all: Readonly<Record<string, Outcome>>,
  messageId: string,
  outcome: Outcome,
): Readonly<Record<string, Outcome>> {
  const { [messageId]: _, ...others } = all;
  const kept = Object.entries(others).slice(1 - remembered);
  return Object.fromEntries([...kept, [messageId, outcome]]);
}

/** withoutOutcome forgets what was said of a message: there is an answer after all. */
export function withoutOutcome(
  all: Readonly<Record<string, Outcome>>,
  messageId: string,
): Readonly<Record<string, Outcome>> {
  if (all[messageId] === undefined) return all;
  const { [messageId]: _, ...others } = all;
  return others;
}
