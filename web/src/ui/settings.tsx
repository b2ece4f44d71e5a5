import type { Chat } from "../state/chat";
import { useStore } from "../state/store";
import { themes } from "../state/theme";
import { NameField, valueOf } from "./form";
import { Dialog } from "./parts";
import type { Show } from "./shown";

/** What the themes are called. */
const themeNames = { system: "System", light: "Light", dark: "Dark" };

/** SettingsDialog is what the user can choose: name, looks, and the key if the server wants one. */
export function SettingsDialog({ chat, hasKey, show }: { chat: Chat; hasKey: boolean; show: Show }) {
  const name = useStore(chat.store, (s) => s.me.name);
  const theme = useStore(chat.store, (s) => s.theme);
  const close = () => show(undefined);
  return (
    <Dialog
      title="Settings"
      testId="settings-dialog"
      onCancel={close}
      onSubmit={(fields) => {
        const chosen = valueOf(fields, "name");
        if (chosen !== "" && chosen !== name) chat.setName(chosen);
        const key = valueOf(fields, "key");
        if (key !== "") chat.setKey(key, fields.has("remember"));
        close();
      }}
    >
      <NameField known={name} />
      <fieldset class="segments">
        <legend>Looks</legend>
        {themes.map((one) => (
          <label key={one}>
            <input type="radio" name="theme" checked={theme === one} data-testid={`theme-${one}`} onChange={() => chat.setTheme(one)} />
            <span>{themeNames[one]}</span>
          </label>
        ))}
      </fieldset>
      {hasKey && (
        <>
          <label class="field">
            Another key for this server
            <input name="key" type="password" autoComplete="off" data-testid="settings-key" />
          </label>
          <label class="choice">
            <input type="checkbox" name="remember" />
            Remember it in this browser
          </label>
        </>
      )}
      <div class="buttons">
        <button type="button" class="quiet start" data-testid="open-shortcuts" onClick={() => show({ kind: "shortcuts" })}>
          Keyboard shortcuts
        </button>
        <button type="submit" class="primary" data-testid="settings-submit">
          Done
        </button>
      </div>
    </Dialog>
  );
}
