import { useRef, useState } from "preact/hooks";
import type { Chat } from "../state/chat";
import { useStore } from "../state/store";
import { NameField } from "./form";
import { Dialog, Icon } from "./parts";

/** What there is to know, in three points. */
const points = [
  ["hash", "Channels are for everybody", "What you write there, all see, and it is still there when you come back."],
  ["chat", "Agents answer", "Open a chat with one, or mention it in a channel: @Eliza."],
  ["check", "Nothing gets lost", "Go on writing while the connection is away. It is sent when it is back."],
] as const;

/** How long the first chat may take to open, in milliseconds; the page goes on without it then. Who waits can look around. */
const meetWithin = 20_000;

/** Welcome greets at the first visit, explains the page, asks for a name, and leads to a first chat. */
export function Welcome({ chat }: { chat: Chat }) {
  const agent = useStore(chat.store, (s) => s.agents.find(({ active }) => active)?.name ?? "");
  const field = useRef<HTMLDivElement>(null);
  const [guest] = useState(guestName);
  const [busy, setBusy] = useState(false);
  const begin = () => chat.setName(field.current!.querySelector("input")!.value.trim() || guest);
  return (
    <Dialog
      title="Welcome to Parley"
      testId="welcome"
      look="welcome"
      onSubmit={() => {
        if (busy) return;
        setBusy(true);
        // Until the chat is open, what a quick beginner types would go into the Lobby.
        const late = new Promise((done) => setTimeout(done, meetWithin));
        void Promise.race([chat.meet(), late]).then(begin, begin);
      }}
    >
      <p>Talk with people and agents, all in one place.</p>
      <ul class="points">
        {points.map(([icon, title, text]) => (
          <li key={title}>
            <Icon name={icon} />
            <div>
              <b>{title}</b>
              <p>{text}</p>
            </div>
          </li>
        ))}
      </ul>
      <div ref={field}>
        <NameField known="" instead={guest} />
      </div>
      <div class="buttons stacked">
        <button type="submit" class="primary" data-testid="meet-agent" disabled={busy}>
          {agent === "" ? "Start chatting" : `Start with ${agent}`}
        </button>
        <button type="button" class="quiet" data-testid="name-submit" onClick={begin}>
          Look around first
        </button>
      </div>
    </Dialog>
  );
}

/** guestName is a name for somebody who gives none; the number tells guests apart. */
function guestName(): string {
  return `Guest ${100 + Math.floor(Math.random() * 900)}`;
}
