import { useState } from "preact/hooks";
import type { Chat } from "../state/chat";
import type { State } from "../state/model";
import { chatName } from "../state/naming";
import { agentOf, directChats, inOrder, peerId, titleOf } from "../state/select";
import { useStore } from "../state/store";
import { matching } from "../text/mention";
import { Avatar, Dialog, Icon } from "./parts";

/** Somewhere to go. */
interface Goal {
  readonly id: string;
  readonly name: string;
  /** Who stands for it, and whether that is an agent. */
  readonly who: { readonly id: string; readonly name: string; readonly agent: boolean };
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
            {goal.kind === "channel" ? <Icon name="hash" /> : <Avatar {...goal.who} />}
            <span class="label">{goal.name}</span>
            {goal.unread > 0 && <span class="count">{goal.unread > 99 ? "99+" : goal.unread}</span>}
          </li>
        ))}
      </ul>
      {found.length === 0 && <p role="status">Nothing is called so.</p>}
    </Dialog>
  );
}

/** goals are all places, those with something new first. An agent stands for its only chat. */
function goals(state: State): Goal[] {
  const all = state.agents.map(({ id, name }): Goal => ({ id, name, who: { id, name, agent: true }, kind: "agent", unread: 0 }));
  for (const channel of inOrder(state)) {
    const peer = peerId(channel, state.me.id);
    const agent = agentOf(state, peer);
    const { id } = channel;
    const unread = state.unread[id] ?? 0;
    const title = titleOf(state, channel);
    if (agent === undefined) {
      const who = { id: peer ?? id, name: title, agent: false };
      all.push({ id, name: title, who, kind: peer === undefined ? "channel" : "chat", unread });
    } else if (directChats(state, agent.id).length > 1) {
      all.push({ id, name: `${agent.name}: ${chatName(channel)}`, who: { id: agent.id, name: agent.name, agent: true }, kind: "chat", unread });
    }
  }
  const rank = ({ kind, unread }: Goal) => (unread > 0 ? 0 : kind === "channel" ? 1 : kind === "agent" ? 2 : 3);
  return all.sort((a, b) => rank(a) - rank(b));
}
