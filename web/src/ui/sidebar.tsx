import type { ComponentChildren } from "preact";
import type { Chat } from "../state/chat";
import { channelOf, groups, otherChats, peerId, titleOf } from "../state/model";
import { useStore } from "../state/store";
import { Avatar, Icon, Spinner } from "./parts";

interface Props {
  chat: Chat;
  /** Called when something was opened, so that a drawer can close. */
  onOpened: () => void;
  onNewChannel: () => void;
  onRename: () => void;
}

/** Sidebar lists what can be opened: channels, agents, and other direct chats. */
export function Sidebar({ chat, onOpened, onNewChannel, onRename }: Props) {
  const state = useStore(chat.store, (s) => s);
  const current = channelOf(state, state.current);
  const currentPeer = current && peerId(current, state.me.id);
  const others = otherChats(state);
  const unreadOf = (channelId: string | undefined) => (channelId === undefined ? 0 : (state.unread[channelId] ?? 0));
  const open = (channelId: string) => {
    chat.open(channelId);
    onOpened();
  };
  return (
    <>
      <div class="brand">
        <img src="/favicon.svg" alt="" width="28" height="28" />
        <h1>Parley</h1>
      </div>
      <nav class="lists" aria-label="Channels and agents">
        <Section
          title="Channels"
          action={
            <button class="icon-button" data-testid="new-channel" aria-label="New channel" title="New channel" onClick={onNewChannel}>
              <Icon name="plus" />
            </button>
          }
        >
          {state.directory === "loading" && <Placeholder />}
          {state.directory === "failed" && (
            <li class="hint">
              The list could not be read.{" "}
              <button class="link" onClick={() => void chat.refresh()}>
                Try again
              </button>
            </li>
          )}
          {groups(state.channels).map((channel) => (
            <Entry
              key={channel.id}
              testId="channel-item"
              id={channel.id}
              current={channel.id === state.current}
              unread={unreadOf(channel.id)}
              onOpen={() => open(channel.id)}
            >
              <Icon name="hash" />
              <span class="label">{channel.name || "Untitled"}</span>
            </Entry>
          ))}
          {state.directory === "ready" && groups(state.channels).length === 0 && <li class="hint">No channel yet.</li>}
        </Section>
        <Section title="Agents">
          {state.directory === "ready" && state.agents.length === 0 && <li class="hint">No agent is here.</li>}
          {state.agents.map((agent) => {
            const direct = state.channels.filter((c) => peerId(c, state.me.id) === agent.id);
            return (
              <Entry
                key={agent.id}
                testId="agent-item"
                id={agent.id}
                current={currentPeer === agent.id}
                unread={direct.reduce((sum, c) => sum + unreadOf(c.id), 0)}
                onOpen={() => void chat.openAgent(agent.id).then(onOpened)}
              >
                <span class="with-dot">
                  <Avatar id={agent.id} name={agent.name} agent />
                  <span class={agent.active ? "dot on" : "dot"} />
                </span>
                <span class="label">{agent.name}</span>
                <span class="visually-hidden">{agent.active ? ", running" : ", not running"}</span>
              </Entry>
            );
          })}
        </Section>
        {others.length > 0 && (
          <Section title="Direct chats">
            {others.map((channel) => (
              <Entry
                key={channel.id}
                testId="direct-item"
                id={channel.id}
                current={channel.id === state.current}
                unread={unreadOf(channel.id)}
                onOpen={() => open(channel.id)}
              >
                <Avatar id={peerId(channel, state.me.id) ?? channel.id} name={titleOf(state, channel)} />
                <span class="label">{titleOf(state, channel)}</span>
              </Entry>
            ))}
          </Section>
        )}
      </nav>
      <div class="me">
        <Avatar id={state.me.id} name={state.me.name} />
        <span class="label" data-testid="my-name">
          {state.me.name}
        </span>
        <button class="icon-button" data-testid="rename" aria-label="Change your name" title="Change your name" onClick={onRename}>
          <Icon name="edit" />
        </button>
      </div>
    </>
  );
}

function Section({ title, action, children }: { title: string; action?: ComponentChildren; children: ComponentChildren }) {
  const id = `section-${title.toLowerCase().replace(" ", "-")}`;
  return (
    <section aria-labelledby={id}>
      <div class="section-head">
        <h2 id={id}>{title}</h2>
        {action}
      </div>
      <ul>{children}</ul>
    </section>
  );
}

interface EntryProps {
  testId: string;
  id: string;
  current: boolean;
  unread: number;
  onOpen: () => void;
  children: ComponentChildren;
}

function Entry({ testId, id, current, unread, onOpen, children }: EntryProps) {
  return (
    <li>
      <button
        class={unread > 0 ? "entry unread" : "entry"}
        data-testid={testId}
        data-id={id}
        aria-current={current ? "page" : undefined}
        onClick={onOpen}
      >
        {children}
        {unread > 0 && (
          <span class="count" data-testid="unread">
            {unread > 99 ? "99+" : unread}
            <span class="visually-hidden"> new</span>
          </span>
        )}
      </button>
    </li>
  );
}

function Placeholder() {
  return (
    <li class="hint">
      <Spinner label="Loading…" />
    </li>
  );
}
