import { useState } from "preact/hooks";
import type { Chat } from "../state/chat";
import { useStore } from "../state/store";
import { Dialog } from "./parts";

/** The longest name that the server takes. */
const maxName = 60;

/** What makes a field count as filled in: anything but blanks. */
const notBlank = { required: true, pattern: ".*\\S.*" };

/** valueOf is what stands in a field, without the blanks around it. */
function valueOf(fields: FormData, name: string): string {
  const value = fields.get(name);
  return typeof value === "string" ? value.trim() : "";
}

/** NameDialog asks for the user's name; at the first visit it has to be answered. */
export function NameDialog({ chat, onClose }: { chat: Chat; onClose: () => void }) {
  const known = useStore(chat.store, (state) => state.me.name);
  const first = known === "";
  return (
    <Dialog
      title={first ? "Welcome to Parley" : "Your name"}
      testId="name-dialog"
      onCancel={first ? undefined : onClose}
      onSubmit={(fields) => {
        const name = valueOf(fields, "name");
        if (name === "") return;
        chat.setName(name);
        onClose();
      }}
    >
      {first && <p>Pick the name that others see beside your messages.</p>}
      <label class="field">
        Name
        <input
          name="name"
          data-testid="name-input"
          defaultValue={known}
          maxLength={maxName}
          autoComplete="nickname"
          autoFocus
          {...notBlank}
        />
      </label>
      <div class="buttons">
        {!first && (
          <button type="button" class="quiet" onClick={onClose}>
            Cancel
          </button>
        )}
        <button type="submit" class="primary" data-testid="name-submit">
          {first ? "Start chatting" : "Save"}
        </button>
      </div>
    </Dialog>
  );
}

/** KeyDialog asks for the server's key. */
export function KeyDialog({ chat }: { chat: Chat }) {
  const wrong = useStore(chat.store, (state) => state.key === "wrong");
  return (
    <Dialog
      title="This server needs a key"
      testId="key-dialog"
      onSubmit={(fields) => {
        const key = valueOf(fields, "key");
        if (key !== "") chat.setKey(key, fields.has("remember"));
      }}
    >
      <p>Whoever runs the server can give it to you.</p>
      <label class="field">
        Key
        <input
          name="key"
          data-testid="key-input"
          type="password"
          autoComplete="off"
          autoFocus
          {...notBlank}
          aria-invalid={wrong}
          aria-describedby={wrong ? "key-error" : undefined}
        />
      </label>
      {wrong && (
        <p class="error" id="key-error" role="alert" data-testid="key-error">
          The server does not accept this key.
        </p>
      )}
      <label class="choice">
        <input type="checkbox" name="remember" data-testid="key-remember" />
        Remember it in this browser
      </label>
      <div class="buttons">
        <button type="submit" class="primary" data-testid="key-submit">
          Connect
        </button>
      </div>
    </Dialog>
  );
}

interface ChannelDialogProps {
  chat: Chat;
  /** Called when the channel is made and open. */
  onMade: () => void;
  onClose: () => void;
}

/** ChannelDialog makes a channel: its name, and which agents take part. */
export function ChannelDialog({ chat, onMade, onClose }: ChannelDialogProps) {
  const agents = useStore(chat.store, (state) => state.agents);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const create = async (fields: FormData) => {
    const name = valueOf(fields, "name");
    if (name === "" || busy) return;
    setBusy(true);
    setError("");
    const failed = await chat.createGroup(name, fields.getAll("agent").map(String));
    if (failed === "") return onMade();
    setBusy(false);
    setError(failed);
  };
  return (
    <Dialog
      title="New channel"
      testId="channel-dialog"
      onCancel={onClose}
      onSubmit={(fields) => void create(fields)}
    >
      <label class="field">
        Name
        <input
          name="name"
          data-testid="channel-name"
          maxLength={maxName}
          autoComplete="off"
          autoFocus
          {...notBlank}
        />
      </label>
      {agents.length > 0 && (
        <fieldset>
          <legend>Agents that take part</legend>
          {agents.map((agent) => (
            <label key={agent.id} class="choice">
              <input type="checkbox" name="agent" value={agent.id} data-testid="channel-agent" />
              <span class="label">{agent.name}</span>
            </label>
          ))}
        </fieldset>
      )}
      {error !== "" && (
        <p class="error" role="alert" data-testid="channel-error">
          {error}
        </p>
      )}
      <div class="buttons">
        <button type="button" class="quiet" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" class="primary" data-testid="channel-submit" disabled={busy}>
          Create
        </button>
      </div>
    </Dialog>
  );
}
