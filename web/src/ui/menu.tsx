import { useLayoutEffect, useRef } from "preact/hooks";
import { Icon } from "./parts";

/** One thing that can be done. */
export interface Action {
  readonly name: string;
  readonly icon: Parameters<typeof Icon>[0]["name"];
  readonly testId: string;
  readonly danger?: boolean;
  readonly run: () => void;
}

interface Props {
  label: string;
  actions: readonly Action[];
  /** Where it opens: below this, or above where there is no room. */
  at: DOMRect;
  onClose: () => void;
}

/** How far a menu stays from the edges of the window. */
const margin = 8;

/**
 * Menu is a list of actions above the page. It takes the focus and gives it back, moves
 * by the arrow keys, and closes by Escape, Tab, or a press beside it.
 */
export function Menu({ label, actions, at, onClose }: Props) {
  const ref = useRef<HTMLDivElement>(null);
  const close = useRef(onClose);
  close.current = onClose;

  useLayoutEffect(() => {
    const menu = ref.current!;
    const opener = document.activeElement;
    place(menu, at);
    menu.querySelector("button")?.focus();
    const beside = (event: PointerEvent) => {
      if (!menu.contains(event.target as Node)) close.current();
    };
    const away = () => close.current();
    document.addEventListener("pointerdown", beside, true);
    addEventListener("resize", away);
    return () => {
      document.removeEventListener("pointerdown", beside, true);
      removeEventListener("resize", away);
      // An action may have moved the focus to where it goes on.
      const { activeElement } = document;
      const lost = activeElement === null || activeElement === document.body || menu.contains(activeElement);
      if (lost && opener instanceof HTMLElement && opener.isConnected) opener.focus({ preventScroll: true });
    };
  }, []);

  const onKeyDown = (event: KeyboardEvent) => {
    const buttons = [...ref.current!.querySelectorAll("button")];
    const i = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const moves: Record<string, number> = { ArrowDown: i + 1, ArrowUp: i - 1, Home: 0, End: -1 };
    const to = moves[event.key];
    if (to !== undefined) buttons.at(to % buttons.length)!.focus();
    else if (event.key === "Escape" || event.key === "Tab") onClose();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div class="menu" role="menu" aria-label={label} ref={ref} data-testid="menu-list" onKeyDown={onKeyDown}>
      {actions.map((action) => (
        <button
          key={action.name}
          type="button"
          role="menuitem"
          tabIndex={-1}
          class={action.danger ? "menu-item danger" : "menu-item"}
          data-testid={action.testId}
          onClick={() => {
            onClose();
            action.run();
          }}
        >
          <Icon name={action.icon} />
          {action.name}
        </button>
      ))}
    </div>
  );
}

/** place puts a menu at its opener, inside the window. */
function place(menu: HTMLElement, at: DOMRect): void {
  const { offsetWidth: width, offsetHeight: height } = menu;
  const below = at.bottom + height + margin <= innerHeight;
  menu.style.top = `${Math.max(margin, below ? at.bottom + 4 : at.top - height - 4)}px`;
  menu.style.left = `${Math.max(margin, Math.min(at.right - width, innerWidth - width - margin))}px`;
}
