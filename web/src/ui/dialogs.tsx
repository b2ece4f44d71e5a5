import { useState } from "preact/hooks";
import type { Chat } from "../state/chat";
import { agentOf, channelOf } from "../state/select";
import { useStore } from "../state/store";
import { MembersDialog, RenameDialog } from "./manage";
import { Choices, Dialog } from "./parts";
import { SettingsDialog } from "./settings";
import { ShortcutsDialog } from "./shortcuts";
import { SwitcherDialog } from "./switcher";

/** The longest name that the server takes. */
export const maxName = 60;

/** What makes a field count as filled in: anything but blanks. */
export const notBlank = { required: true, pattern: ".*\\S.*" };

/** A dialog that is open, with what it needs. */
export type Shown =
  | { readonly kind: "channel" | "shortcuts" | "switcher" }
  | { readonly kind: "settings"; readonly hasKey: boolean }
  | { readonly kind: "rename" | "members"; readonly channelId: string }
  | Confirmation;

/** Something that is done only when the user is sure. */
export interface Confirmation {
  readonly kind: "confirm";
  readonly title: string;
  readonly text: string;
  /** What the button says that does it. */
  readonly action: string;
  /** Does it; it returns why that failed, "" if it did not. */
  readonly run: () => Promise<string>;
}

/** Show opens a dialog, or closes the one that is open. */
export type Show = (dialog: Shown | undefined) => void;

/** valueOf is what stands in a field, without the blanks around it. */
export function valueOf(fields: FormData, name: string): string {
  const value = fields.get(name);
  return typeof value === "string" ? value.trim() : "";
}

/** Dialogs is the dialog that is open, if one is. */
export function Dialogs({ chat, dialog, show, onMade }: { chat: Chat; dialog: Shown | undefined; show: Show; onMade: () => void }) {
  const onClose = () => show(undefined);
  switch (dialog?.kind) {
    case "channel":
      return <ChannelDialog chat={chat} onMade={onMade} onClose={onClose} />;
    case "settings":
      return <SettingsDialog chat={chat} hasKey={dialog.hasKey} show={show} />;
    case "shortcuts":
      return <ShortcutsDialog onClose={onClose} />;
    case "switcher":
      return <SwitcherDialog chat={chat} onClose={onClose} onOpened={onMade} />;
    case "rename":
      return <RenameDialog chat={chat} channelId={dialog.channelId} onClose={onClose} />;
    case "members":
      return <MembersDialog chat={chat} channelId={dialog.channelId} onClose={onClose} />;
    case "confirm":
      return <ConfirmDialog {...dialog} onClose={onClose} />;
    default:
      return null;
  }
}

/** NameField is where the user's name is written; it may be left empty if there is one instead. */
export function NameField({ known, instead = "" }: { known: string; instead?: string }) {
  return (
    <label class="field">
      {instead === "" ? "Your name" : "Your name (optional)"}
      <input
        name="name"
        data-testid="name-input"
        defaultValue={known}
        placeholder={instead}
        maxLength={maxName}
        autoComplete="nickname"
        autoFocus
        {...(instead === "" ? notBlank : {})}
      />
    </label>
  );
}

interface ButtonsProps {
  action: string;
  testId: string;
  busy?: boolean;
  danger?: boolean;
  onClose: () => void;
}

/** Buttons end a dialog, one way or the other. */
export function Buttons({ action, testId, busy = false, danger = false, onClose }: ButtonsProps) {
  return (
    <div class="buttons">
      <button type="button" class="quiet" data-testid="cancel" onClick={onClose}>
        Cancel
      </button>
      <button type="submit" class={danger ? "primary danger" : "primary"} data-testid={testId} disabled={busy}>
        {action}
      </button>
    </div>
  );
}

/** useAttempt does something that may fail, once at a time, and closes the dialog if it did not. */
export function useAttempt(onDone: () => void) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const attempt = async (run: () => Promise<string>) => {
    if (busy) return;
    setBusy(true);
    setError("");
    const failed = await run();
    if (failed === "") return onDone();
    setBusy(false);
    setError(failed);
  };
  return { busy, error, attempt };
}

/** ErrorLine says what did not work. */
export function ErrorLine({ text, testId }: { text: string; testId: string }) {
  if (text === "") return null;
  return (
    <p class="error" role="alert" data-testid={testId}>
      {text}
    </p>
  );
}

/** ConfirmDialog asks before something that cannot be undone. */
function ConfirmDialog({ title, text, action, run, onClose }: Omit<Confirmation, "kind"> & { onClose: () => void }) {
  const { busy, error, attempt } = useAttempt(onClose);
  return (
    <Dialog title={title} testId="confirm-dialog" onCancel={onClose} onSubmit={() => void attempt(run)}>
      <p>{text}</p>
      <ErrorLine text={error} testId="confirm-error" />
      <Buttons action={action} testId="confirm-submit" busy={busy} danger onClose={onClose} />
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

/** ChannelDialog makes a channel: its name, and which agents and people take part. */
function ChannelDialog({ chat, onMade, onClose }: { chat: Chat; onMade: () => void; onClose: () => void }) {
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

/** knownPeople are all who were heard of, by name, without us and agents. */
export function knownPeople(chat: Chat, also: readonly string[] = []): { id: string; name: string }[] {
  const state = chat.store.get();
  const ids = new Set([...Object.keys(state.people), ...also]);
  return [...ids]
    .filter((id) => id !== state.me.id && agentOf(state, id) === undefined && state.people[id] !== undefined)
    .map((id) => ({ id, name: state.people[id]! }))
    .sort((a, b) => a.name.localeCompare(b.name))
    .slice(0, 50);
}

/** useChannel is a channel, as long as it is there. */
export function useChannel(chat: Chat, channelId: string) {
  return useStore(chat.store, (state) => channelOf(state, channelId));
}
