import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Chat } from "../state/chat";
import { isId, onRenamed } from "../state/identity";
import type { State } from "../state/model";
import { channelOf, titleOf } from "../state/select";
import { useStore } from "../state/store";

/** How often a page that is looked at asks who and what there is. */
const refreshEvery = 20_000;

/** useDrawer is the side bar where it does not fit beside the messages. */
export function useDrawer() {
  const [open, setOpen] = useState(false);
  const panel = useRef<HTMLElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const close = () => setOpen(false);
  useEffect(() => {
    if (!open) return;
    panel.current?.querySelector<HTMLElement>("[aria-current], button")?.focus();
    const wide = matchMedia("(min-width: 761px)");
    const onKey = (event: KeyboardEvent) => {
      // A dialog above the drawer takes Escape for itself.
      if (event.key === "Escape" && document.querySelector("dialog[open]") === null) close();
    };
    wide.addEventListener("change", close);
    addEventListener("keydown", onKey);
    return () => {
      wide.removeEventListener("change", close);
      removeEventListener("keydown", onKey);
      button.current?.focus();
    };
  }, [open]);
  return { open, panel, button, close, toggle: () => setOpen((was) => !was) };
}

/** useAddress keeps the open channel in the address, so that it survives a reload. */
export function useAddress(chat: Chat): void {
  const current = useStore(chat.store, (s) => s.current);
  // The address that was followed or written last: any other is newer than what is shown.
  const settled = useRef(address());
  useEffect(() => {
    const follow = () => {
      const asked = address();
      const shown = chat.store.get().current;
      if (isId(asked) && asked !== shown) chat.visit(asked);
      else if (asked !== shown && shown !== undefined) history.replaceState(null, "", `#${shown}`);
      settled.current = address();
    };
    follow();
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, [chat]);
  // At once, not after the next frame: whoever sees the channel can go back from it.
  useLayoutEffect(() => {
    if (current === undefined || address() === current) return;
    if (address() !== settled.current) return; // it has just changed, and is about to be followed
    // What leads to no channel is not a step that Back should return to.
    if (channelOf(chat.store.get(), address()) === undefined) history.replaceState(null, "", `#${current}`);
    else history.pushState(null, "", `#${current}`);
    settled.current = current;
  }, [chat, current]);
}

/** address is what stands for a channel in the address, "" if nothing does. */
function address(): string {
  return location.hash.slice(1).toLowerCase();
}

/** useTitle puts the open channel and the number of new messages into the tab. */
export function useTitle(chat: Chat): void {
  const title = useStore(chat.store, tabTitle);
  useEffect(() => {
    document.title = title;
  }, [title]);
}

function tabTitle(state: State): string {
  const channel = channelOf(state, state.current);
  const unread = Object.values(state.unread).reduce((sum, n) => sum + n, 0);
  const name = channel === undefined ? "Parley" : `${titleOf(state, channel)} · Parley`;
  return unread > 0 ? `(${unread}) ${name}` : name;
}

/** useSurroundings tells the model about the browser: network, other tabs, and whether somebody looks. */
export function useSurroundings(chat: Chat): void {
  useEffect(() => {
    const online = () => chat.networkChanged(true);
    const offline = () => chat.networkChanged(false);
    const looked = () => {
      if (document.visibilityState !== "visible") chat.leaving();
      else void chat.directory.refresh();
    };
    const leaving = () => chat.leaving();
    const timer = setInterval(() => document.visibilityState === "visible" && void chat.directory.refresh(), refreshEvery);
    const ends = [onRenamed((name) => chat.renamed(name)), chat.messenger.follow()];
    addEventListener("online", online);
    addEventListener("offline", offline);
    addEventListener("pagehide", leaving);
    document.addEventListener("visibilitychange", looked);
    return () => {
      clearInterval(timer);
      for (const end of ends) end();
      removeEventListener("online", online);
      removeEventListener("offline", offline);
      removeEventListener("pagehide", leaving);
      document.removeEventListener("visibilitychange", looked);
    };
  }, [chat]);
}
