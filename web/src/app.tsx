import { useCallback, useEffect, useState } from "preact/hooks";
import type { Chat } from "./state/chat";
import { useStore } from "./state/store";
import { Banner, Notice } from "./ui/banner";
import { Composer } from "./ui/composer";
import { Dialogs, KeyDialog } from "./ui/dialogs";
import { Header } from "./ui/header";
import { Messages } from "./ui/messages";
import { SearchPanel } from "./ui/search";
import { useShortcuts } from "./ui/shortcuts";
import type { Shown } from "./ui/shown";
import { Sidebar } from "./ui/sidebar";
import { useAddress, useDrawer, useSurroundings, useTitle } from "./ui/surroundings";
import { Welcome } from "./ui/welcome";

/** App is the whole page. */
export function App({ chat }: { chat: Chat }) {
  const current = useStore(chat.store, (s) => s.current);
  const named = useStore(chat.store, (s) => s.me.name !== "");
  const refused = useStore(chat.store, (s) => s.key !== "accepted");
  // Whether the server wants a key is known only then, and that is asked for first.
  const admitted = useStore(chat.store, (s) => s.key === "accepted" && s.connection !== "connecting");
  const settled = useStore(chat.store, (s) => s.directory === "ready");
  const [dialog, show] = useState<Shown | undefined>(undefined);
  const [searching, setSearching] = useState(false);
  const drawer = useDrawer();
  const search = useCallback(() => {
    const input = document.querySelector<HTMLInputElement>("[data-testid=search-input]");
    if (input === null) setSearching(true);
    else input.select();
  }, []);
  useAddress(chat);
  useTitle(chat);
  useSurroundings(chat);
  useShortcuts(chat, show, search);
  useEffect(() => setSearching(false), [current]);
  const leaveSearch = () => {
    setSearching(false);
    document.getElementById("composer")?.focus();
  };
  const closeAll = () => {
    show(undefined);
    drawer.close();
  };

  return (
    <div class={drawer.open ? "app drawer-open" : "app"}>
      <button class="skip" data-testid="skip" onClick={() => document.getElementById("composer")?.focus()}>
        Skip to the message field
      </button>
      <aside class="sidebar" ref={drawer.panel} aria-label="Side bar">
        <Sidebar chat={chat} onOpened={drawer.close} show={show} />
      </aside>
      <div class="backdrop" onClick={drawer.close} />
      <main class="main" inert={drawer.open}>
        <Header
          chat={chat}
          show={show}
          menuRef={drawer.button}
          menuOpen={drawer.open}
          onMenu={drawer.toggle}
          searching={searching}
          onSearch={() => (searching ? leaveSearch() : setSearching(true))}
        />
        <Banner chat={chat} />
        <Notice chat={chat} />
        {searching && current !== undefined && (
          <SearchPanel key={current} chat={chat} channelId={current} onClose={leaveSearch} onChosen={() => isNarrow() && setSearching(false)} />
        )}
        {current !== undefined && <Messages key={current} chat={chat} channelId={current} show={show} />}
        {current === undefined && <Nothing settled={settled} onNewChannel={() => show({ kind: "channel" })} />}
        {current !== undefined && <Composer key={`composer-${current}`} chat={chat} channelId={current} />}
      </main>
      {!named && admitted && <Welcome chat={chat} />}
      {named && <Dialogs chat={chat} dialog={dialog} show={show} onMade={closeAll} />}
      {refused && <KeyDialog chat={chat} />}
    </div>
  );
}

/** isNarrow says that there is no room for results beside what they lead to. */
function isNarrow(): boolean {
  return matchMedia("(max-width: 760px)").matches;
}

/** Nothing stands where no channel is open. */
function Nothing({ settled, onNewChannel }: { settled: boolean; onNewChannel: () => void }) {
  return (
    <div class="nothing">
      {settled && (
        <>
          <h2>No channel yet</h2>
          <p>Make one, or open a chat with an agent.</p>
          <button class="primary" onClick={onNewChannel}>
            New channel
          </button>
        </>
      )}
    </div>
  );
}
