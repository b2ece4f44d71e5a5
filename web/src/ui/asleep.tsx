import { useState } from "preact/hooks";
import type { Agent } from "../net/directory";
import { can } from "../state/abilities";
import type { Chat } from "../state/chat";
import type { State } from "../state/model";
import { agentOf, channelOf, logOf, peerId } from "../state/select";
import { useStore } from "../state/store";

/** sleeperIn is the agent that a direct chat is with, if it does not run. */
export function sleeperIn(state: State, channelId: string): Agent | undefined {
  const channel = channelOf(state, channelId);
  const agent = agentOf(state, channel && peerId(channel, state.me.id));
  return agent?.active === false ? agent : undefined;
}

/** AsleepBar says above the composer that nobody answers; an empty chat says so at its beginning. */
export function AsleepBar({ chat, channelId }: { chat: Chat; channelId: string }) {
  const shown = useStore(chat.store, (s) => sleeperIn(s, channelId) !== undefined && logOf(s, channelId).posts.length > 0);
  return shown ? <Asleep chat={chat} channelId={channelId} /> : null;
}

/** Asleep says that an agent does not run, and starts it. */
export function Asleep({ chat, channelId }: { chat: Chat; channelId: string }) {
  const agent = useStore(chat.store, (s) => sleeperIn(s, channelId));
  const startable = useStore(chat.store, (s) => can(s, "start"));
  const [busy, setBusy] = useState(false);
  if (agent === undefined) return null;
  const start = async () => {
    setBusy(true);
    await chat.directory.startAgent(agent.id);
    setBusy(false);
  };
  return (
    <div class="asleep">
      <p>{agent.name} is not running and will not answer.</p>
      {startable && (
        <button type="button" class="primary small" data-testid="start-agent" disabled={busy} onClick={() => void start()}>
          Start {agent.name}
        </button>
      )}
    </div>
  );
}
