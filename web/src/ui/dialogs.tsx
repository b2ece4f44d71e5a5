import { useState } from "preact/hooks";
import type { Agent } from "../net/events";
import type { Chat } from "../state/chat";
import { useStore } from "../state/store";
import { Dialog } from "./parts";

/** The longest name that the server takes. */
const maxName = 60;

/** NameDialog asks for the user's name; at the first visit it has to be answered. */
export function NameDialog({ chat, onClose }: { chat: Chat; onClose: () => void }) {
  const known = useStore(chat.store, (state) => state.me.name);
  const [name, setName] = useState(known);
  const first = known === "";
  const ready = name.trim() !== "";
  return (
    <Dialog
      title={first ? "Welcome to Parley" : "Your name"}
      testId="name-dialog"
      onCancel={first ? undefined : onClose}
      onSubmit={() => {
        if (!ready) return;
        chat.setName(name.trim());
        onClose();
      }}
    >
      {first && <p>Pick the name that others see beside your messages.</p>}
      <label class="field">
        Name
        <input
          data-testid="name-input"
          value={name}
          maxLength={maxName}
          autoComplete="nickname"
          autoFocus
          required
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <div class="buttons">
        {!first && (
          <button type="button" class="quiet" onClick={onClose}>
            Cancel
          </button>
        )}
        <button type="submit" class="primary" data-testid="name-submit" disabled={!ready}>
          {first ? "Start chatting" : "Save"}
        </button>
      </div>
    </Dialog>
  );
}

/** KeyDialog asks for the server's key. */
export function KeyDialog({ chat }: { chat: Chat }) {
  const wrong = useStore(chat.store, (state) => state.key === "wrong");
  const [key, setKey] = useState("");
  const [remember, setRemember] = useState(false);
  const ready = key.trim() !== "";
  return (
    <Dialog title="This server needs a key" testId="key-dialog" onSubmit={() => ready && chat.setKey(key.trim(), remember)}>
      <p>Whoever runs the server can give it to you.</p>
      <label class="field">
        Key
        <input
          data-testid="key-input"
          type="password"
          value={key}
          autoComplete="off"
          autoFocus
          required
          aria-invalid={wrong}
          aria-describedby={wrong ? "key-error" : undefined}
          onInput={(event) => setKey(event.currentTarget.value)}
        />
      </label>
      {wrong && (
        <p class="error" id="key-error" role="alert" data-testid="key-error">
          The server does not accept this key.
        </p>
      )}
      <label class="choice">
        <input
          type="checkbox"
          data-testid="key-remember"
          checked={remember}
          onChange={(event) => setRemember(event.currentTarget.checked)}
        />
        Remember it in this browser
      </label>
      <div class="buttons">
        <button type="submit" class="primary" data-testid="key-submit" disabled={!ready}>
          Connect
        </button>
      </div>
    </Dialog>
  );
}

/** ChannelDialog makes a channel: its name, and which agents take part. */
export function ChannelDialog({ chat, onClose }: { chat: Chat; onClose: () => void }) {
  const agents = useStore(chat.store, (state) => state.agents);
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [busy, setBusy] = useState(false);
  const ready = name.trim() !== "" && !busy;
  const toggle = (agent: Agent, on: boolean) =>
    setChosen(on ? [...chosen, agent.id] : chosen.filter((id) => id !== agent.id));
  return (
    <Dialog
      title="New channel"
      testId="channel-dialog"
      onCancel={onClose}
      onSubmit={() => {
        if (!ready) return;
        setBusy(true);
        void chat.createGroup(name.trim(), chosen).finally(onClose);
      }}
    >
      <label class="field">
        Name
        <input
          data-testid="channel-name"
          value={name}
          maxLength={maxName}
          autoComplete="off"
          autoFocus
          required
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      {agents.length > 0 && (
        <fieldset>
          <legend>Agents that take part</legend>
          {agents.map((agent) => (
            <label key={agent.id} class="choice">
              <input
                type="checkbox"
                data-testid="channel-agent"
                checked={chosen.includes(agent.id)}
                onChange={(event) => toggle(agent, event.currentTarget.checked)}
              />
              {agent.name}
            </label>
          ))}
        </fieldset>
      )}
      <div class="buttons">
        <button type="button" class="quiet" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" class="primary" data-testid="channel-submit" disabled={!ready}>
          Create
        </button>
      </div>
    </Dialog>
  );
}
