import type { Chat } from "../state/chat";
import { useStore } from "../state/store";
import { Buttons, ErrorLine, notBlank, useAttempt, valueOf } from "./form";
import { ChannelDialog, MembersDialog, RenameDialog } from "./manage";
import { Dialog } from "./parts";
import { SettingsDialog } from "./settings";
import { ShortcutsDialog } from "./shortcuts";
import type { Confirmation, Show, Shown } from "./shown";
import { SwitcherDialog } from "./switcher";

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
