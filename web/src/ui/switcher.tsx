import { useState } from "preact/hooks";
import type { Chat } from "../state/chat";
import type { State } from "../state/model";
import { agentOf, chatName, inOrder, peerId, titleOf } from "../state/select";
import { useStore } from "../state/store";
import { matching } from "../text/mention";
import { Avatar, Dialog, Icon } from "./parts";

/** Somewhere to go. */
interface Goal {
  readonly id: string;
  readonly name: string;
  readonly kind: "channel" | "agent" | "chat";
  readonly unread: number;
}

/** SwitcherDialog goes to a channel, chat or agent by a few letters of its name. */
export function SwitcherDialog({ chat, onClose, onOpened }: { chat: Chat; onClose: () => void; onOpened: () => void }) {
  const state = useStore(chat.store, (s) => s);
  const [part, setPart] = useState("");
  const [chosen, setChosen] = useState(0);
  const found = matching(goals(state), part.trim(), 12);
  const at = Math.min(chosen, found.length - 1);
  const go = (goal: Goal | undefined) => {
    if (goal === undefined) return;
    if (goal.kind === "agent") void chat.directory.openAgent(goal.id);
    else chat.open(goal.id);
    onOpened();
  };
  return (
    <Dialog title="Go to" testId="switcher-dialog" look="switcher" onCancel={onClose} onSubmit={() => go(found[at])}>
      <input
        class="search-input"
        data-testid="switcher-input"
        aria-label="Name of a channel, chat or agent"
        placeholder="Channel, chat or agent"
        autoComplete="off"
        autoFocus
        role="combobox"
        aria-expanded={found.length > 0}
        aria-controls="switcher-list"
        aria-activedescendant={found.length > 0 ? `goal-${at}` : undefined}
        value={part}
        onInput={(event) => {
          setPart(event.currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={(event) => {
          const by = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
          if (by === 0 || found.length === 0) return;
          event.preventDefault();
          setChosen((at + by + found.length) % found.length);
        }}
      />
      <ul class="goals" role="listbox" id="switcher-list" aria-label="Where to go">
        {found.map((goal, i) => (
          <li
            key={`${goal.kind}-${goal.id}`}
            id={`goal-${i}`}
            role="option"
            aria-selected={i === at}
            data-testid="switcher-option"
            onClick={() => go(goal)}
          >
            {goal.kind === "channel" ? <Icon name="hash" /> : <Avatar id={goal.id} name={goal.name} agent={goal.kind === "agent"} />}
            <span class="label">{goal.name}</span>
            {goal.unread > 0 && <span class="count">{goal.unread > 99 ? "99+" : goal.unread}</span>}
          </li>
        ))}
      </ul>
      {found.length === 0 && <p role="status">Nothing is called so.</p>}
    </Dialog>
  );
}

/** goals are all places, those with something new first. */
function goals(state: State): Goal[] {
  const channels = inOrder(state).map((channel): Goal => {
    const agent = agentOf(state, peerId(channel, state.me.id));
    const name = agent === undefined ? titleOf(state, channel) : `${agent.name}: ${chatName(channel)}`;
    return { id: channel.id, name, kind: channel.type === "DM" ? "chat" : "channel", unread: state.unread[channel.id] ?? 0 };
  });
  const agents = state.agents.map(({ id, name }): Goal => ({ id, name, kind: "agent", unread: 0 }));
  const all = [...channels.filter(({ kind }) => kind === "channel"), ...agents, ...channels.filter(({ kind }) => kind === "chat")];
  return all.sort((a, b) => Number(b.unread > 0) - Number(a.unread > 0));
}
