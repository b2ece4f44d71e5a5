import type { Channel } from "../net/directory";
import { isolated } from "../text/bidi";
import type { State } from "./model";
import { agentOf, agentsIn, logOf, peopleIn } from "./select";

/** How many are called by their names. */
const maxNamed = 6;

/**
 * membersLine is who takes part in a group: agents, us, people by name. It waits until
 * that can be told, so that names do not come one after the other.
 */
export function membersLine(state: State, channel: Channel): string {
  const others = channel.participants.filter((id) => id !== state.me.id && agentOf(state, id) === undefined);
  const nameless = others.filter((id) => (state.people[id] ?? "") === "").length;
  const log = logOf(state, channel.id);
  const waits = !log.loaded && typeof state.history[channel.id] !== "object";
  if (waits && (others.length === 0 || nameless > 0)) return "";
  const people = peopleIn(state, channel.id, log.posts).map(({ name }) => name);
  const all = [...agentsIn(state, channel).map(({ name }) => name), "you", ...people.sort((a, b) => a.localeCompare(b))].map(isolated);
  if (all.length === 1 && nameless === 0) return "Only you";
  const more = nameless + Math.max(0, all.length - maxNamed);
  const named = all.slice(0, maxNamed).join(", ");
  return more > 0 ? `${named} and ${more} more` : named;
}
