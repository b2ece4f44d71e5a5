import type { RefObject } from "preact";
import type { Chat } from "../state/chat";
import { agentsIn, channelOf, logOf, peerId, peopleIn, titleOf, type State } from "../state/model";
import { useStore } from "../state/store";
import { isolated } from "../text/bidi";
import { Icon } from "./parts";

interface Props {
  chat: Chat;
  menuRef: RefObject<HTMLButtonElement | null>;
  menuOpen: boolean;
  onMenu: () => void;
}

/** Header names the open channel and who is in it. */
export function Header({ chat, menuRef, menuOpen, onMenu }: Props) {
  const title = useStore(chat.store, titleLine);
  const who = useStore(chat.store, whoLine);
  const direct = useStore(chat.store, (s) => channelOf(s, s.current)?.type === "DM");
  const unread = useStore(chat.store, (s) => Object.values(s.unread).some((n) => n > 0));
  return (
    <header class="top">
      <button
        ref={menuRef}
        class={unread ? "icon-button menu-button unread" : "icon-button menu-button"}
        data-testid="menu"
        aria-label={unread ? "Channels and agents, new messages" : "Channels and agents"}
        aria-expanded={menuOpen}
        onClick={onMenu}
      >
        <Icon name="menu" />
      </button>
      <div class="heading">
        <h2 data-testid="channel-title">
          {title !== "" && !direct && <Icon name="hash" />}
          <span class="label">{title}</span>
        </h2>
        <p class="label" data-testid="channel-members">
          {who}
        </p>
      </div>
    </header>
  );
}

function titleLine(state: State): string {
  const channel = channelOf(state, state.current);
  return channel === undefined ? "" : titleOf(state, channel);
}

/** whoLine is who takes part, as far as this page can tell: agents, us, and who wrote lately. */
function whoLine(state: State): string {
  const channel = channelOf(state, state.current);
  if (channel === undefined) return "";
  const agents = agentsIn(state, channel);
  if (peerId(channel, state.me.id) !== undefined) {
    const agent = agents[0];
    if (agent === undefined) return "Direct chat";
    return agent.active ? agent.bio || "Agent" : "Not running: there will be no answer";
  }
  const names = [...agents.map((agent) => agent.name), "you", ...peopleIn(state, logOf(state, channel.id).posts)].map(isolated);
  return names.length > 6 ? `${names.slice(0, 6).join(", ")} and ${names.length - 6} more` : names.join(", ");
}
