import { useEffect, useRef, useState } from "preact/hooks";
import type { Chat } from "./state/chat";
import { isId, onRenamed } from "./state/identity";
import { channelOf, titleOf, type State } from "./state/model";
import { useStore } from "./state/store";
import { Banner, Notice } from "./ui/banner";
import { Composer } from "./ui/composer";
import { ChannelDialog, KeyDialog, NameDialog } from "./ui/dialogs";
import { Header } from "./ui/header";
import { Messages } from "./ui/messages";
import { Sidebar } from "./ui/sidebar";

/** How often a page that is looked at asks who and what there is. */
const refreshEvery = 20_000;

/** App is the whole page. */
export function App({ chat }: { chat: Chat }) {
  const current = useStore(chat.store, (s) => s.current);
  const named = useStore(chat.store, (s) => s.me.name !== "");
  const refused = useStore(chat.store, (s) => s.key !== "accepted");
  // Whether the server wants a key is known only then, and that is asked for first.
  const admitted = useStore(chat.store, (s) => s.key === "accepted" && s.connection !== "connecting");
  const settled = useStore(chat.store, (s) => s.directory === "ready");
  const [dialog, setDialog] = useState<"" | "channel" | "name">("");
  const drawer = useDrawer();
  useAddress(chat);
  useTitle(chat);
  useSurroundings(chat);

  return (
    <div class={drawer.open ? "app drawer-open" : "app"}>
      <aside class="sidebar" ref={drawer.panel} aria-label="Side bar">
        <Sidebar
          chat={chat}
          onOpened={drawer.close}
          onNewChannel={() => setDialog("channel")}
          onRename={() => setDialog("name")}
        />
      </aside>
      <div class="backdrop" onClick={drawer.close} />
      <main class="main" inert={drawer.open}>
        <Header chat={chat} menuRef={drawer.button} menuOpen={drawer.open} onMenu={drawer.toggle} />
        <Banner chat={chat} />
        {current !== undefined && <Messages key={current} chat={chat} channelId={current} />}
        {current === undefined && <Nothing settled={settled} onNewChannel={() => setDialog("channel")} />}
        {current !== undefined && <Composer key={`composer-${current}`} chat={chat} channelId={current} />}
        <Notice chat={chat} />
      </main>
      {(named ? dialog === "name" : admitted) && <NameDialog chat={chat} onClose={() => setDialog("")} />}
      {dialog === "channel" && (
        <ChannelDialog
          chat={chat}
          onMade={() => {
            setDialog("");
            drawer.close();
          }}
          onClose={() => setDialog("")}
        />
      )}
      {refused && <KeyDialog chat={chat} />}
    </div>
  );
}

/** Nothing stands where no channel is open. */
function Nothing({ settled, onNewChannel }: { settled: boolean; onNewChannel: () => void }) {
  return (
    <div class="nothing">
      {settled && (
        <>
          <h3>No channel yet</h3>
          <p>Make one, or open a chat with an agent.</p>
          <button class="primary" onClick={onNewChannel}>
            New channel
          </button>
        </>
      )}
    </div>
  );
}

/** useDrawer is the side bar where it does not fit beside the messages. */
function useDrawer() {
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
function useAddress(chat: Chat): void {
  const current = useStore(chat.store, (s) => s.current);
  useEffect(() => {
    const follow = () => {
      const asked = address();
      const shown = chat.store.get().current;
      if (isId(asked) && asked !== shown) chat.visit(asked);
      else if (asked !== shown && shown !== undefined) history.replaceState(null, "", `#${shown}`);
    };
    follow();
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, [chat]);
  useEffect(() => {
    if (current === undefined || address() === current) return;
    // What leads to no channel is not a step that Back should return to.
    if (channelOf(chat.store.get(), address()) === undefined) history.replaceState(null, "", `#${current}`);
    else history.pushState(null, "", `#${current}`);
  }, [chat, current]);
}

/** address is what stands for a channel in the address, "" if nothing does. */
function address(): string {
  return location.hash.slice(1).toLowerCase();
}

/** useTitle puts the open channel and the number of new messages into the tab. */
function useTitle(chat: Chat): void {
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
function useSurroundings(chat: Chat): void {
  useEffect(() => {
    const online = () => chat.networkChanged(true);
    const offline = () => chat.networkChanged(false);
    const looked = () => {
      if (document.visibilityState !== "visible") return;
      chat.seen();
      void chat.refresh();
    };
    const timer = setInterval(() => document.visibilityState === "visible" && void chat.refresh(), refreshEvery);
    const ignoreNames = onRenamed((name) => chat.renamed(name));
    addEventListener("online", online);
    addEventListener("offline", offline);
    document.addEventListener("visibilitychange", looked);
    return () => {
      clearInterval(timer);
      ignoreNames();
      removeEventListener("online", online);
      removeEventListener("offline", offline);
      document.removeEventListener("visibilitychange", looked);
    };
  }, [chat]);
}
