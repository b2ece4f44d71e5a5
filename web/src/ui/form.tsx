import { useState } from "preact/hooks";

/** The longest name that the server takes. */
export const maxName = 60;

/** What makes a field count as filled in: anything but blanks. */
export const notBlank = { required: true, pattern: ".*\\S.*" };

/** valueOf is what stands in a field, without the blanks around it. */
export function valueOf(fields: FormData, name: string): string {
  const value = fields.get(name);
  return typeof value === "string" ? value.trim() : "";
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
