import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { unturned } from "../text/bidi";

/** Shapes by name, each drawn with one line. */
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
  search: "M10.5 17a6.5 6.5 0 1 1 0-13 6.5 6.5 0 0 1 0 13zM15.5 15.5L20 20",
  more: "M5.5 12v.1M12 12v.1M18.5 12v.1",
  reply: "M10 6l-5 5 5 5M5 11h8a6 6 0 0 1 6 6v1",
  copy: "M9 9h10v11H9zM15 9V5H5v11h4",
  trash: "M5 7h14M10 7V5h4v2M7 7l1 13h8l1-13",
  stop: "M6.5 6.5h11v11h-11z",
  chat: "M5 5h14v11H11l-4 3.5V16H5z",
  people: "M9 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM3.5 19c0-3 2.5-5 5.5-5s5.5 2 5.5 5M15.5 5.5a3 3 0 0 1 0 5.5M17.5 14.3c1.9.8 3 2.5 3 4.7",
  gear: "M12 15.2a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4zM12 3v2.8M12 18.2V21M3 12h2.8M18.2 12H21M5.6 5.6l2 2M16.4 16.4l2 2M18.4 5.6l-2 2M7.6 16.4l-2 2",
  seen: "M2.5 12.5L7 17l9-10M11.5 16l1 1 9-10",
  broom: "M19 4l-7 8M9.5 10.5l4 4L11 20l-7-1.5 1.5-5z",
  hash: "M9.5 4l-2 16M16.5 4l-2 16M4.5 9h16M3.5 15h16",
} as const;

/** Icon is a decoration; what it means is said in words beside it. */
export function Icon({ name }: { name: keyof typeof paths }) {
  return (
    <svg class={name === "more" ? "icon dotted" : "icon"} viewBox="0 0 24 24" aria-hidden="true">
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

/** A choice of who or what, each with its own box. */
export interface Choice {
  id: string;
  name: string;
}

/** Choices is a list of boxes to tick, all of one field. */
export function Choices({ legend, name, from, chosen, testId }: ChoicesProps) {
  return (
    <fieldset class="choices">
      <legend>{legend}</legend>
      {from.map(({ id, name: label }) => (
        <label key={id} class="choice">
          <input type="checkbox" name={name} value={id} defaultChecked={chosen.includes(id)} data-testid={testId} />
          <span class="label">{label}</span>
        </label>
      ))}
    </fieldset>
  );
}

interface ChoicesProps {
  legend: string;
  name: string;
  from: readonly Choice[];
  chosen: readonly string[];
  testId: string;
}

interface DialogProps {
  title: string;
  testId: string;
  children: ComponentChildren;
  /** Is given what stands in the fields, also what was typed since the last drawing. */
  onSubmit?: (fields: FormData) => void;
  /** A class of its own. */
  look?: string;
  /** Without it the dialog has to be answered. */
  onCancel?: (() => void) | undefined;
}

/** The event of a dialog that is closed and has given the focus back; that of the browser comes later. */
export const dialogGone = "dialog-gone";

/**
 * focusAnew gives an element the focus that it may have by name only: closing a dialog, Chromium
 * gives the focus back while the page around still counts as inert, and a field then has no
 * cursor and drops what is typed until it is focused again.
 */
function focusAnew(element: HTMLElement): void {
  element.getBoundingClientRect(); // brings the page's state up to date
  element.blur();
  element.focus();
}

/**
 * Dialog is a modal form: it keeps the focus and gives it back where it was, Escape
 * cancels it if that is allowed.
 */
export function Dialog({ title, testId, children, onSubmit, onCancel, look = "" }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const dialog = ref.current!;
    const opener = document.activeElement;
    dialog.showModal();
    return () => {
      dialog.close();
      if (opener instanceof HTMLElement && opener.isConnected) focusAnew(opener);
      dialog.dispatchEvent(new Event(dialogGone));
    };
  }, []);
  return (
    <dialog
      ref={ref}
      class={`dialog ${look}`}
      aria-labelledby={`${testId}-title`}
      data-testid={testId}
      onCancel={(event) => {
        event.preventDefault();
        onCancel?.();
      }}
      onClick={(event) => {
        // Only the backdrop is the dialog itself; everything in it is the form.
        if (event.target === event.currentTarget) onCancel?.();
      }}
      onKeyDown={(event) => {
        // Browsers let a second Escape through, whatever the cancel event was told.
        if (event.key === "Escape" && onCancel === undefined) event.preventDefault();
      }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit?.(new FormData(event.currentTarget));
        }}
      >
        <h2 id={`${testId}-title`}>{title}</h2>
        {children}
      </form>
    </dialog>
  );
}
