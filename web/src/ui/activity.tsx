import type { Chat } from "../state/chat";
import type { State } from "../state/model";
import { agentOf, agentsIn, channelOf, streamsOf, typistsOf } from "../state/select";
import { useStore } from "../state/store";
import { isolated } from "../text/bidi";

/** Activity says who types and which agent is at work. Its place is always kept. */
export function Activity({ chat, channelId }: { chat: Chat; channelId: string }) {
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

/** activityIn is what goes on in a channel, in words. */
function activityIn(state: State, channelId: string): string {
  const typists = typistsOf(state, channelId);
  const answering = new Set(streamsOf(state, channelId).map((s) => agentOf(state, s.agentId)?.name || s.agentName));
  const thinking = new Set(typists.flatMap((t) => agentOf(state, t.id)?.name ?? []));
  const channel = channelOf(state, channelId);
  if (channel !== undefined && answering.size === 0 && (state.awaited[channelId] ?? []).length > 0) {
    for (const agent of agentsIn(state, channel)) if (agent.active) thinking.add(agent.name);
  }
  const typing = typists.filter((t) => !agentOf(state, t.id)).map((t) => t.name || "Somebody");
  const waits = [...thinking].filter((name) => !answering.has(name));
  return [phrase([...answering], "answering"), phrase(waits, "thinking"), phrase(typing, "typing")].filter(Boolean).join(" · ");
}

/** phrase is who does what. */
function phrase(who: readonly string[], what: string): string {
  const names = who.map(isolated);
  if (names.length === 0) return "";
  if (names.length === 1) return `${names[0]} is ${what}…`;
  if (names.length > 3) return `${names.length} are ${what}…`;
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)} are ${what}…`;
}
