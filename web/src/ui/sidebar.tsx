import type { ComponentChildren } from "preact";
import type { Agent, Channel } from "../net/directory";
import type { Chat } from "../state/chat";
import type { State } from "../state/model";
import { chatName } from "../state/naming";
import { channelOf, directChats, groups, isPresent, otherChats, peerId, titleOf } from "../state/select";
import { useStore } from "../state/store";
import { whenOf } from "../text/time";
import { Avatar, Icon, Spinner } from "./parts";
import type { Show } from "./shown";

/** How many chats with one agent are listed below it. */
const maxChats = 8;

interface Props {
  chat: Chat;
  /** Called when something was opened, so that a drawer can close. */
  onOpened: () => void;
  show: Show;
}

/** Sidebar lists what can be opened: channels, agents with their chats, and people. */
export function Sidebar({ chat, onOpened, show }: Props) {
  const state = useStore(chat.store, (s) => s);
  const others = otherChats(state);
  const open = (channelId: string) => {
    chat.open(channelId);
    onOpened();
  };
  return (
    <>
      <div class="brand">
        <img src="/favicon.svg" alt="" width="28" height="28" />
        <strong>Parley</strong>
        <button
          class="icon-button"
          data-testid="open-switcher"
          aria-label="Go to a channel or agent"
          title="Go to… (Ctrl+K)"
          onClick={() => show({ kind: "switcher" })}
        >
          <Icon name="search" />
        </button>
      </div>
      <nav class="lists" aria-label="Channels and agents">
        <Section
          title="Channels"
          action={
            <button
              class="icon-button"
              data-testid="new-channel"
              aria-label="New channel"
              title="New channel"
              onClick={() => show({ kind: "channel" })}
            >
              <Icon name="plus" />
            </button>
          }
        >
          {state.directory === "loading" && <Placeholder />}
          {state.directory === "failed" && (
            <li class="hint">
              The list could not be read.{" "}
              <button class="link" onClick={() => void chat.directory.refresh()}>
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
              unread={state.unread[channel.id] ?? 0}
              onOpen={() => open(channel.id)}
            >
              <Icon name="hash" />
              <span class="label" dir="auto">
                {channel.name || "Untitled"}
              </span>
            </Entry>
          ))}
          {state.directory === "ready" && groups(state.channels).length === 0 && <li class="hint">No channel yet.</li>}
        </Section>
        <Section title="Agents">
          {state.directory === "ready" && state.agents.length === 0 && <li class="hint">No agent is here.</li>}
          {state.agents.map((agent) => (
            <AgentEntry key={agent.id} chat={chat} state={state} agent={agent} onOpen={open} onOpened={onOpened} />
          ))}
        </Section>
        {others.length > 0 && (
          <Section title="Direct chats">
            {others.map((channel) => (
              <PersonEntry key={channel.id} state={state} channel={channel} onOpen={open} />
            ))}
          </Section>
        )}
      </nav>
      <Me chat={chat} state={state} show={show} />
    </>
  );
}

interface AgentProps {
  chat: Chat;
  state: State;
  agent: Agent;
  onOpen: (channelId: string) => void;
  onOpened: () => void;
}

/** AgentEntry is an agent, with the chats that were had with it. */
function AgentEntry({ chat, state, agent, onOpen, onOpened }: AgentProps) {
  const chats = directChats(state, agent.id);
  const unread = chats.reduce((sum, c) => sum + (state.unread[c.id] ?? 0), 0);
  const current = channelOf(state, state.current);
  const here = current !== undefined && peerId(current, state.me.id) === agent.id;
  const listed = chats.length > 1 ? chats.slice(0, maxChats) : [];
  return (
    <Entry
      testId="agent-item"
      id={agent.id}
      current={here && listed.length === 0}
      unread={listed.length > 0 ? 0 : unread}
      onOpen={() => void chat.directory.openAgent(agent.id).then(onOpened)}
      beside={
        <button
          class="icon-button beside"
          data-testid="new-chat"
          aria-label={`New chat with ${agent.name}`}
          title="New chat"
          onClick={() => void chat.directory.newChat(agent.id).then(onOpened)}
        >
          <Icon name="plus" />
        </button>
      }
      below={
        listed.length > 0 && (
          <ul class="chats" aria-label={`Chats with ${agent.name}`}>
            {listed.map((channel) => (
              <Entry
                key={channel.id}
                testId="chat-item"
                id={channel.id}
                current={channel.id === state.current}
                unread={state.unread[channel.id] ?? 0}
                onOpen={() => onOpen(channel.id)}
              >
                <span class="label" dir="auto">
                  {chatName(channel)}
                </span>
                {channel.updatedAt > 0 && !state.unread[channel.id] && (
                  <span class="when">{whenOf(channel.updatedAt, Date.now())}</span>
                )}
              </Entry>
            ))}
          </ul>
        )
      }
    >
      <span class="with-dot">
        <Avatar id={agent.id} name={agent.name} agent />
        <span class={agent.active ? "dot on" : "dot"} />
      </span>
      <span class="label" dir="auto">
        {agent.name}
      </span>
      <span class="visually-hidden">{agent.active ? ", running" : ", not running"}</span>
    </Entry>
  );
}

/** PersonEntry is a direct chat with somebody. */
function PersonEntry({ state, channel, onOpen }: { state: State; channel: Channel; onOpen: (channelId: string) => void }) {
  const peer = peerId(channel, state.me.id);
  const there = isPresent(state, peer);
  return (
    <Entry
      testId="direct-item"
      id={channel.id}
      current={channel.id === state.current}
      unread={state.unread[channel.id] ?? 0}
      onOpen={() => onOpen(channel.id)}
    >
      <span class="with-dot">
        <Avatar id={peer ?? channel.id} name={titleOf(state, channel)} />
        <span class={there ? "dot on" : "dot"} data-testid="presence" data-present={there} />
      </span>
      <span class="label" dir="auto">
        {titleOf(state, channel)}
      </span>
      <span class="visually-hidden">{there ? ", here" : ", away"}</span>
    </Entry>
  );
}

/** Me is who the user is, and the way to the settings. */
function Me({ chat, state, show }: { chat: Chat; state: State; show: Show }) {
  return (
    <div class="me">
      <button class="entry" data-testid="open-settings" title="Settings" onClick={() => show({ kind: "settings", hasKey: chat.hasKey() })}>
        <Avatar id={state.me.id} name={state.me.name} />
        <span class="label" data-testid="my-name" dir="auto">
          {state.me.name}
        </span>
        <span class="visually-hidden">, settings</span>
        <Icon name="gear" />
      </button>
    </div>
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
  /** What stands beside it, and what belongs to it below. */
  beside?: ComponentChildren;
  below?: ComponentChildren;
}

function Entry({ testId, id, current, unread, onOpen, children, beside, below }: EntryProps) {
  return (
    <li>
      <div class="entry-line">
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
        {beside}
      </div>
      {below}
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
