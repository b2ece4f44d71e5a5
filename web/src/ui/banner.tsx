import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Chat } from "../state/chat";
import { useStore } from "../state/store";
import { copyText } from "./markdown";
import { Icon, Spinner } from "./parts";

/** Banner says how the connection is when it is not as it should be. */
export function Banner({ chat }: { chat: Chat }) {
  const connection = useStore(chat.store, (state) => state.connection);
  const waiting = useStore(chat.store, (state) => state.outbox.filter((item) => item.state !== "failed").length);
  const refused = useStore(chat.store, (state) => state.key !== "accepted");
  if (connection === "online" || refused) return null;
  const held = waiting === 0 ? "" : waiting === 1 ? " 1 message waits to be sent." : ` ${waiting} messages wait to be sent.`;
  return (
    <div class={`banner ${connection}`} role="status" data-testid="connection" data-state={connection}>
      {connection === "connecting" && <Spinner label="Connecting…" />}
      {connection === "reconnecting" && <Spinner label={`Connection lost. Reconnecting…${held}`} />}
      {connection === "offline" && (
        <span class="busy">
          <Icon name="alert" />
          You are offline.{held}
        </span>
      )}
      {connection !== "connecting" && (
        <button class="link" data-testid="reconnect" onClick={() => chat.connect()}>
          Try now
        </button>
      )}
    </div>
  );
}

/** How long a notice stays. */
const noticeFor = 10_000;

/** Notice is a passing remark on something that did not work, or stays until what was written is taken care of. */
export function Notice({ chat }: { chat: Chat }) {
  const notice = useStore(chat.store, (state) => state.notice);
  const rescued = useStore(chat.store, (state) => state.rescued);
  useEffect(() => {
    if (notice === "") return;
    const timer = setTimeout(() => chat.dismissNotice(), noticeFor);
    return () => clearTimeout(timer);
  }, [chat, notice]);
  if (notice !== "") return <Remark words={notice} onDismiss={() => chat.dismissNotice()} />;
  if (rescued === undefined) return null;
  return (
    <Remark words={rescued.words} onDismiss={() => chat.dismissRescued()}>
      <CopyText text={rescued.text} />
    </Remark>
  );
}

/** Remark is words under the header that can be dismissed. */
function Remark({ words, onDismiss, children }: { words: string; onDismiss: () => void; children?: ComponentChildren }) {
  return (
    <div class="notice-place">
      <div class="notice" role="alert" data-testid="notice">
        <Icon name="alert" />
        <span>{words}</span>
        {children}
        <button class="icon-button" aria-label="Dismiss" onClick={onDismiss}>
          <Icon name="close" />
        </button>
      </div>
    </div>
  );
}

/** CopyText puts a text on the clipboard and says so. */
function CopyText({ text }: { text: string }) {
  const [words, say] = useState("Copy text");
  return (
    <button class="link" data-testid="notice-copy" onClick={() => void copyText(text).then((done) => say(done ? "Copied" : "Not copied"))}>
      {words}
    </button>
  );
}
