import type { Channel } from "../net/directory";
import { isolated } from "../text/bidi";
import type { State } from "./model";
import { agentOf, agentsIn, logOf, peopleIn } from "./select";

/** How many are called by their names. */
const maxNamed = 6;

/** namelessIn is how many people take part in a channel of whom only the id is known. */
export function namelessIn(state: State, channel: Channel): number {
  return peopleOf(state, channel).filter((id) => (state.people[id] ?? "") === "").length;
}

/** peopleOf are those who take part, without us and agents. */
function peopleOf(state: State, channel: Channel): string[] {
  return channel.participants.filter((id) => id !== state.me.id && agentOf(state, id) === undefined);
}

/**
 * membersLine is who takes part in a group: agents, us, people by name. It waits until
 * that can be told, so that names do not come one after the other.
 */
export function membersLine(state: State, channel: Channel): string {
  const nameless = namelessIn(state, channel);
  const log = logOf(state, channel.id);
  const waits = !log.loaded && typeof state.history[channel.id] !== "object";
  if (waits && (peopleOf(state, channel).length === 0 || nameless > 0)) return "";
  const people = peopleIn(state, channel.id, log.posts).map(({ name }) => name);
  const all = [...agentsIn(state, channel).map(({ name }) => name), "you", ...people.sort((a, b) => a.localeCompare(b))].map(isolated);
  if (all.length === 1 && nameless === 0) return "Only you";
  const more = nameless + Math.max(0, all.length - maxNamed);
  const named = all.slice(0, maxNamed).join(", ");
  return more > 0 ? `${named} and ${more} more` : named;
}
