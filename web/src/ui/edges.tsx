import type { Chat } from "../state/chat";
import { agentsIn, channelOf, peerId, shownLog, titleOf, type Person } from "../state/select";
import { useStore } from "../state/store";
import { Asleep, sleeperIn } from "./asleep";
import { Avatar, Icon, Spinner } from "./parts";

/** What an empty chat with an agent can begin with. */
const starters = ["Hello! What can you do?", "I have had a long day", "Tell me something about yourself"];

/** Top stands above the first message: the beginning of the channel, or a sign of more. */
export function Top({ chat, channelId, empty }: { chat: Chat; channelId: string; empty: boolean }) {
  const log = useStore(chat.store, (s) => shownLog(s, channelId));
  const history = useStore(chat.store, (s) => s.history[channelId] ?? "loading");
  const online = useStore(chat.store, (s) => s.connection === "online");
  const failed = typeof history === "object" ? history.failed : "";
  if (log.loaded && !log.hasOlder) return <Beginning chat={chat} channelId={channelId} empty={empty} />;
  if (failed !== "" && (online || log.loaded)) {
    return (
      <div class="edge">
        <Failure text={failed} onRetry={() => chat.loadOlder(channelId)} />
      </div>
    );
  }
  if (!log.loaded) return <Skeleton />;
  return (
    <div class="edge">
      <Spinner label="Loading older messages…" />
    </div>
  );
}

/** Bottom stands below the last message of old history: a sign of more. */
export function Bottom({ chat, channelId }: { chat: Chat; channelId: string }) {
  const failed = useStore(chat.store, (s) => {
    const history = s.history[channelId];
    return typeof history === "object" ? history.failed : "";
  });
  return (
    <div class="edge">
      {failed === "" ? <Spinner label="Loading newer messages…" /> : <Failure text={failed} onRetry={() => chat.loadNewer(channelId)} />}
    </div>
  );
}

function Failure({ text, onRetry }: { text: string; onRetry: () => void }) {
  return (
    <p class="failure" role="alert">
      <Icon name="alert" />
      <span>Messages could not be loaded. {text}</span>
      <button class="link" data-testid="history-retry" onClick={onRetry}>
        Try again
      </button>
    </p>
  );
}

/** Beginning stands above the first message ever; an empty chat offers a start. */
function Beginning({ chat, channelId, empty }: { chat: Chat; channelId: string; empty: boolean }) {
  const title = useStore(chat.store, (s) => {
    const channel = channelOf(s, channelId);
    return channel === undefined ? "" : titleOf(s, channel);
  });
  const direct = useStore(chat.store, (s) => channelOf(s, channelId)?.type === "DM");
  const agent = useStore(chat.store, (s): Person | undefined => {
    const channel = channelOf(s, channelId);
    return channel === undefined ? undefined : agentsIn(s, channel)[0];
  });
  const peer = useStore(chat.store, (s) => {
    const channel = channelOf(s, channelId);
    return channel && peerId(channel, s.me.id);
  });
  const withAgent = agent !== undefined && agent.id === peer;
  const asleep = useStore(chat.store, (s) => sleeperIn(s, channelId) !== undefined);
  const begin = (words: string) => chat.messenger.send(channelId, withAgent ? words : `@${agent?.name ?? ""} ${words}`);
  return (
    <div class="beginning" data-testid="beginning">
      {peer !== undefined ? (
        <Avatar id={peer} name={title} agent={withAgent} />
      ) : (
        <span class="emblem">
          <Icon name="hash" />
        </span>
      )}
      <h2>{direct ? `You and ${title}` : title}</h2>
      <p>
        {direct ? "This is the beginning of your chat." : "This is the beginning of the channel."}
        {empty && agent === undefined && " Say hello."}
      </p>
      {empty && asleep && <Asleep chat={chat} channelId={channelId} />}
      {empty && agent !== undefined && !asleep && (
        <ul class="starters" aria-label="Ways to begin">
          {starters.map((words) => (
            <li key={words}>
              <button type="button" data-testid="starter" onClick={() => begin(words)}>
                {words}
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** Skeleton holds the place of messages that are being loaded. */
function Skeleton() {
  return (
    <div class="skeleton" role="status">
      <span class="visually-hidden">Loading messages…</span>
      {[0, 1, 2, 3].map((i) => (
        <div key={i} class="bone" aria-hidden="true">
          <i />
          <b />
          <b />
        </div>
      ))}
    </div>
  );
}
