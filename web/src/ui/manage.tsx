import { useState } from "preact/hooks";
import { can } from "../state/abilities";
import type { Chat } from "../state/chat";
import { namelessIn } from "../state/members";
import { agentOf, channelOf, isPresent, logOf, peopleIn } from "../state/select";
import { useStore } from "../state/store";
import { Buttons, ErrorLine, maxName, notBlank, useAttempt, valueOf } from "./form";
import { Avatar, Choices, Dialog } from "./parts";

interface Props {
  chat: Chat;
  channelId: string;
  onClose: () => void;
}

/** ChannelDialog makes a channel: its name, and which agents and people take part. */
export function ChannelDialog({ chat, onMade, onClose }: { chat: Chat; onMade: () => void; onClose: () => void }) {
  const agents = useStore(chat.store, (state) => state.agents);
  const [people] = useState(() => knownPeople(chat));
  const { busy, error, attempt } = useAttempt(onMade);
  return (
    <Dialog
      title="New channel"
      testId="channel-dialog"
      onCancel={onClose}
      onSubmit={(fields) => {
        const members = [...fields.getAll("agent"), ...fields.getAll("person")].map(String);
        const name = valueOf(fields, "name");
        if (name !== "") void attempt(() => chat.directory.createGroup(name, members));
      }}
    >
      <label class="field">
        Name
        <input name="name" data-testid="channel-name" maxLength={maxName} autoComplete="off" autoFocus {...notBlank} />
      </label>
      {agents.length > 0 && (
        <Choices legend="Agents that take part" name="agent" from={agents} chosen={[]} testId="channel-agent" />
      )}
      {people.length > 0 && <Choices legend="People" name="person" from={people} chosen={[]} testId="channel-person" />}
      <ErrorLine text={error} testId="channel-error" />
      <Buttons action="Create" testId="channel-submit" busy={busy} onClose={onClose} />
    </Dialog>
  );
}

/** RenameDialog gives a channel or a chat another name. */
export function RenameDialog({ chat, channelId, onClose }: Props) {
  const channel = useChannel(chat, channelId);
  const { busy, error, attempt } = useAttempt(onClose);
  return (
    <Dialog
      title="Rename"
      testId="rename-dialog"
      onCancel={onClose}
      onSubmit={(fields) => {
        const name = valueOf(fields, "name");
        if (name !== "") void attempt(() => chat.directory.update(channelId, { name }));
      }}
    >
      <label class="field">
        Name
        <input
          name="name"
          data-testid="rename-input"
          defaultValue={channel?.name ?? ""}
          maxLength={maxName}
          autoComplete="off"
          autoFocus
          {...notBlank}
        />
      </label>
      <ErrorLine text={error} testId="rename-error" />
      <Buttons action="Save" testId="rename-submit" busy={busy} onClose={onClose} />
    </Dialog>
  );
}

/** MembersDialog says who is in a channel, opens chats with them, and changes who takes part. */
export function MembersDialog({ chat, channelId, onClose }: Props) {
  const channel = useChannel(chat, channelId);
  const editable = useStore(chat.store, (s) => can(s, "members"));
  const [editing, setEditing] = useState(false);
  const { busy, error, attempt } = useAttempt(onClose);
  if (channel === undefined) return null;
  const { participants } = channel;
  const agents = chat.store.get().agents;
  const people = knownPeople(chat, participants);
  const save = (fields: FormData) => {
    const chosen = [...fields.getAll("agent"), ...fields.getAll("person")].map(String);
    // Who is not offered stays: this page does not know everybody by name.
    const offered = new Set([...agents, ...people].map(({ id }) => id));
    const others = participants.filter((id) => !offered.has(id));
    void attempt(() => chat.directory.update(channelId, { participantCentralUserIds: [...others, ...chosen] }));
  };
  return (
    <Dialog title="Members" testId="members-dialog" onCancel={onClose} onSubmit={editing ? save : onClose}>
      {editing ? (
        <>
          <Choices legend="Agents" name="agent" from={agents} chosen={participants} testId="member-agent" />
          {people.length > 0 && <Choices legend="People" name="person" from={people} chosen={participants} testId="member-person" />}
          <ErrorLine text={error} testId="members-error" />
          <Buttons action="Save" testId="members-submit" busy={busy} onClose={() => setEditing(false)} />
        </>
      ) : (
        <>
          <Members chat={chat} channelId={channelId} participants={participants} onOpened={onClose} />
          <div class="buttons">
            {editable && (
              <button type="button" class="quiet start" data-testid="members-edit" onClick={() => setEditing(true)}>
                Change members
              </button>
            )}
            <button type="submit" class="primary" autoFocus>
              Close
            </button>
          </div>
        </>
      )}
    </Dialog>
  );
}

interface MembersProps {
  chat: Chat;
  channelId: string;
  participants: readonly string[];
  onOpened: () => void;
}

/** Members lists agents, us, and the people who are there or were heard. */
function Members({ chat, channelId, participants, onOpened }: MembersProps) {
  const state = useStore(chat.store, (s) => s);
  const agents = state.agents.filter((agent) => participants.includes(agent.id));
  const people = peopleIn(state, channelId, logOf(state, channelId).posts);
  const channel = channelOf(state, channelId);
  const nameless = channel === undefined ? 0 : namelessIn(state, channel);
  const open = (opening: Promise<void>) => void opening.then(onOpened);
  return (
    <ul class="members" data-testid="members">
      {agents.map((agent) => (
        <li key={agent.id}>
          <Avatar id={agent.id} name={agent.name} agent />
          <span class="label">{agent.name}</span>
          <span class="badge">agent</span>
          <button type="button" class="link" data-testid="member-chat" onClick={() => open(chat.directory.openAgent(agent.id))}>
            Chat
          </button>
        </li>
      ))}
      <li>
        <Avatar id={state.me.id} name={state.me.name} />
        <span class="label">{state.me.name}</span>
        <span class="badge you">you</span>
      </li>
      {people.map((person) => (
        <li key={person.id}>
          <span class="with-dot">
            <Avatar id={person.id} name={person.name} />
            <span class={isPresent(state, person.id) ? "dot on" : "dot"} />
          </span>
          <span class="label">{person.name}</span>
          <span class="remark">{isPresent(state, person.id) ? "here" : "away"}</span>
          <button type="button" class="link" data-testid="member-chat" onClick={() => open(chat.directory.openPerson(person.id, person.name))}>
            Chat
          </button>
        </li>
      ))}
      {nameless > 0 && <li class="remark">{nameless} more, not heard of yet</li>}
    </ul>
  );
}

/** knownPeople are all who were heard of, by name, without us and agents. */
function knownPeople(chat: Chat, also: readonly string[] = []): { id: string; name: string }[] {
  const state = chat.store.get();
  const ids = new Set([...Object.keys(state.people), ...also]);
  return [...ids]
    .filter((id) => id !== state.me.id && agentOf(state, id) === undefined && state.people[id] !== undefined)
    .map((id) => ({ id, name: state.people[id]! }))
    .sort((a, b) => a.name.localeCompare(b.name))
    .slice(0, 50);
}

/** useChannel is a channel, as long as it is there. */
function useChannel(chat: Chat, channelId: string) {
  return useStore(chat.store, (state) => channelOf(state, channelId));
}
