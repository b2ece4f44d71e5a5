import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { unturned } from "../text/bidi";

const paths = {
  menu: "M4 7h16M4 12h16M4 17h16",
  close: "M6 6l12 12M18 6L6 18",
  plus: "M12 5v14M5 12h14",
  send: "M5 12h13M12 5.5l6.5 6.5-6.5 6.5",
  down: "M12 5v14M5.5 12.5L12 19l6.5-6.5",
  check: "M5 12.5l4.5 4.5L19 7.5",
  clock: "M12 7v5l3 2M12 21a9 9 0 1 1 0-18 9 9 0 0 1 0 18z",
  alert: "M12 8v5M12 16.5v.1M12 21a9 9 0 1 1 0-18 9 9 0 0 1 0 18z",
  edit: "M5 19l1-4L16.5 4.5l3 3L9 18l-4 1z",
  hash: "M9.5 4l-2 16M16.5 4l-2 16M4.5 9h16M3.5 15h16",
} as const;

/** Icon is a decoration; what it means is said in words beside it. */
export function Icon({ name }: { name: keyof typeof paths }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}

/** hueOf gives everybody a colour of their own, the same on every page. */
function hueOf(id: string): number {
  let hash = 0x811c9dc5;
  for (const c of id) hash = Math.imul(hash ^ c.codePointAt(0)!, 0x01000193);
  return ((hash ^ (hash >>> 13)) >>> 0) % 360;
}

function initialsOf(name: string): string {
  const words = unturned(name).trim().split(/\s+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : words;
  return letters.map((word) => [...word!][0]!.toUpperCase()).join("") || "?";
}

/** Avatar stands for a person (round) or an agent (square). */
export function Avatar({ id, name, agent = false }: { id: string; name: string; agent?: boolean }) {
  return (
    <span class={agent ? "avatar agent" : "avatar"} style={{ "--hue": String(hueOf(id)) }} aria-hidden="true">
      {initialsOf(name)}
    </span>
  );
}

/** Spinner says what is being waited for. */
export function Spinner({ label }: { label: string }) {
  return (
    <span class="busy" role="status">
      <span class="spinner" aria-hidden="true" />
      {label}
    </span>
  );
}

interface DialogProps {
  title: string;
  testId: string;
  children: ComponentChildren;
  /** Is given what stands in the fields, also what was typed since the last drawing. */
  onSubmit: (fields: FormData) => void;
  /** Without it the dialog has to be answered. */
  onCancel?: (() => void) | undefined;
}

/**
 * Dialog is a modal form: it keeps the focus and gives it back where it was, Escape
 * cancels it if that is allowed.
 */
export function Dialog({ title, testId, children, onSubmit, onCancel }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const dialog = ref.current!;
    const opener = document.activeElement;
    dialog.showModal();
    return () => {
      dialog.close();
      if (opener instanceof HTMLElement) opener.focus();
    };
  }, []);
  return (
    <dialog
      ref={ref}
      class="dialog"
      aria-labelledby={`${testId}-title`}
      data-testid={testId}
      onCancel={(event) => {
        event.preventDefault();
        onCancel?.();
      }}
      onKeyDown={(event) => {
        // Browsers let a second Escape through, whatever the cancel event was told.
        if (event.key === "Escape" && onCancel === undefined) event.preventDefault();
      }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit(new FormData(event.currentTarget));
        }}
      >
        <h2 id={`${testId}-title`}>{title}</h2>
        {children}
      </form>
    </dialog>
  );
}
