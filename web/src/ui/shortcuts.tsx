import { useEffect } from "preact/hooks";
import type { Chat } from "../state/chat";
import { Dialog } from "./parts";
import type { Show } from "./shown";

/** Whether the keys are those of a Mac. */
const isMac = /mac|iphone|ipad/i.test(navigator.platform);

/** What the key beside the space bar is called. */
const mod = isMac ? "⌘" : "Ctrl";

/** All shortcuts, for the dialog that shows them: keys, where they work if not everywhere, and what for. */
const shortcuts: readonly (readonly [readonly string[], string, string])[] = [
  [[`${mod} K`], "", "Go to a channel, chat or agent"],
  [[`${mod} F`], "", "Search in this channel"],
  [["Alt ↑", "Alt ↓"], "", "Previous or next channel"],
  [["Enter"], "", "Send"],
  [["Shift Enter"], "", "New line"],
  [["↑"], "in an empty field", "Edit your last message"],
  [["@"], "", "Mention somebody"],
  [["Esc"], "", "Stop the answer, or leave what is open"],
  [["↑", "↓"], "in the list", "From message to message"],
  [["Enter"], "on a message", "What can be done with it"],
  [["?", `${mod} /`], "", "This list"],
];

/** ShortcutsDialog lists the shortcuts. */
export function ShortcutsDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keyboard shortcuts" testId="shortcuts-dialog" look="wide" onCancel={onClose} onSubmit={onClose}>
      <dl class="shortcuts" tabIndex={0} aria-label="All shortcuts">
        {shortcuts.map(([keys, where, what]) => (
          <div key={what}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
              {where}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <div class="buttons">
        <button type="submit" class="primary" autoFocus>
          Close
        </button>
      </div>
    </Dialog>
  );
}

/** useShortcuts hears the keys that work everywhere on the page. */
export function useShortcuts(chat: Chat, show: Show, onSearch: () => void): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]") !== null) return;
      const wish = wishOf(event);
      if (wish === undefined) return;
      event.preventDefault();
      if (wish === "switcher" || wish === "shortcuts") show({ kind: wish });
      else if (wish === "search") onSearch();
      else chat.step(wish === "next" ? 1 : -1);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [chat, show, onSearch]);
}

/** wishOf is what a key asks for, undefined if it is none of ours. */
function wishOf(event: KeyboardEvent): "switcher" | "shortcuts" | "search" | "next" | "previous" | undefined {
  const { key, altKey, shiftKey } = event;
  const command = (isMac ? event.metaKey : event.ctrlKey) && !altKey;
  if (command && !shiftKey && key.toLowerCase() === "k") return "switcher";
  if (command && !shiftKey && key.toLowerCase() === "f") return "search";
  if (command && key === "/") return "shortcuts";
  if (altKey && !event.ctrlKey && !event.metaKey && key === "ArrowDown") return "next";
  if (altKey && !event.ctrlKey && !event.metaKey && key === "ArrowUp") return "previous";
  if (key !== "?" || event.ctrlKey || event.metaKey) return undefined;
  return (event.target as Element).matches("input, textarea, select") ? undefined : "shortcuts";
}
