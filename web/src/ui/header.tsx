import type { RefObject } from "preact";
import { useState } from "preact/hooks";
import type { Channel } from "../net/directory";
import { can } from "../state/abilities";
import type { Chat } from "../state/chat";
import { membersLine } from "../state/members";
import type { State } from "../state/model";
import { chatName, isDefaultName } from "../state/naming";
import { agentsIn, channelOf, home, isPresent, peerId, titleOf } from "../state/select";
import { useStore } from "../state/store";
import { Menu, type Action } from "./menu";
import { Icon } from "./parts";
import type { Show } from "./shown";

interface Props {
  chat: Chat;
  show: Show;
  menuRef: RefObject<HTMLButtonElement | null>;
  menuOpen: boolean;
  onMenu: () => void;
  searching: boolean;
  onSearch: () => void;
}

/** Header names the open channel and who is in it, and holds what can be done with it. */
export function Header({ chat, show, menuRef, menuOpen, onMenu, searching, onSearch }: Props) {
  const title = useStore(chat.store, titleLine);
  const who = useStore(chat.store, whoLine);
  const direct = useStore(chat.store, (s) => channelOf(s, s.current)?.type === "DM");
  const unread = useStore(chat.store, (s) => Object.entries(s.unread).some(([id, n]) => n > 0 && id !== s.current));
  const searchable = useStore(chat.store, (s) => can(s, "search"));
  const current = useStore(chat.store, (s) => s.current);
  const [at, setAt] = useState<DOMRect | undefined>(undefined);
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
        <h1 data-testid="channel-title">
          {title !== "" && !direct && <Icon name="hash" />}
          <span class="label" dir="auto">
            {title || "Parley"}
          </span>
        </h1>
        {current !== undefined && (
          <p class="label" data-testid="channel-members">
            {who}
          </p>
        )}
      </div>
      {current !== undefined && searchable && (
        <button
          class="icon-button"
          data-testid="open-search"
          aria-label="Search in this channel"
          aria-expanded={searching}
          title="Search (Ctrl+F)"
          onClick={onSearch}
        >
          <Icon name="search" />
        </button>
      )}
      {current !== undefined && (
        <button
          class="icon-button"
          data-testid="channel-menu"
          aria-label="What can be done with this channel"
          aria-haspopup="menu"
          aria-expanded={at !== undefined}
          onClick={(event) => setAt(event.currentTarget.getBoundingClientRect())}
        >
          <Icon name="more" />
        </button>
      )}
      {at !== undefined && <Menu label="Channel" at={at} actions={actionsFor(chat, show)} onClose={() => setAt(undefined)} />}
    </header>
  );
}

/** actionsFor are what the user may do with the open channel. */
function actionsFor(chat: Chat, show: Show): Action[] {
  const state = chat.store.get();
  const channel = channelOf(state, state.current);
  if (channel === undefined) return [];
  const { id } = channel;
  const actions: Action[] = [];
  const peer = peerId(channel, state.me.id);
  if (peer !== undefined && state.agents.some((agent) => agent.id === peer)) {
    actions.push({ name: "New chat", icon: "chat", testId: "action-new-chat", run: () => void chat.directory.newChat(peer) });
  }
  if (peer === undefined) {
    actions.push({ name: "Members", icon: "people", testId: "action-members", run: () => show({ kind: "members", channelId: id }) });
  }
  if (can(state, "members")) {
    actions.push({ name: "Rename", icon: "edit", testId: "action-rename", run: () => show({ kind: "rename", channelId: id }) });
  }
  if (can(state, "clear")) actions.push(clearing(chat, show, id));
  // The lobby is where everybody arrives; a server without it would make it again.
  if (can(state, "delete") && home(state.channels)?.id !== id) actions.push(deletion(chat, show, channel));
  return actions;
}

/** clearing deletes all messages, once that is confirmed. */
function clearing(chat: Chat, show: Show, id: string): Action {
  return {
    name: "Clear history",
    icon: "broom",
    testId: "action-clear",
    run: () =>
      show({
        kind: "confirm",
        title: "Clear the history?",
        text: "All messages in here disappear for everybody. This cannot be undone.",
        action: "Clear",
        run: () => chat.messenger.clear(id),
      }),
  };
}

/** deletion deletes the channel, once that is confirmed. */
function deletion(chat: Chat, show: Show, channel: Channel): Action {
  const what = channel.type === "DM" ? "chat" : "channel";
  return {
    name: `Delete ${what}`,
    icon: "trash",
    testId: "action-delete-channel",
    danger: true,
    run: () =>
      show({
        kind: "confirm",
        title: `Delete this ${what}?`,
        text: `“${chatName(channel)}” and its messages disappear for everybody. This cannot be undone.`,
        action: "Delete",
        run: () => chat.deleteChannel(channel.id),
      }),
  };
}

/** titleLine is what the open channel is called. */
function titleLine(state: State): string {
  const channel = channelOf(state, state.current);
  return channel === undefined ? "" : titleOf(state, channel);
}

/** whoLine is who takes part, as far as this page can tell: agents, us, and who is there or wrote lately. */
function whoLine(state: State): string {
  const channel = channelOf(state, state.current);
  if (channel === undefined) return "";
  const agents = agentsIn(state, channel);
  const peer = peerId(channel, state.me.id);
  if (peer !== undefined) {
    const agent = agents[0];
    if (agent === undefined) return isPresent(state, peer) ? "Here now" : "Away";
    if (!agent.active) return "Not running";
    return isDefaultName(channel.name) || channel.name === agent.name ? agent.bio || "Agent" : channel.name;
  }
  return membersLine(state, channel);
}
