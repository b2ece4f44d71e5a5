import { useMemo, useState } from "preact/hooks";
import type { Chat } from "../state/chat";
import { logOf, peopleIn, type Person } from "../state/select";
import { completed, matching, typedAt, type Typed } from "../text/mention";
import { Avatar } from "./parts";

/** Somebody who can be mentioned. */
interface Candidate extends Person {
  readonly agent: boolean;
}

/** What is offered for a name that is being typed. */
interface Offer {
  readonly typed: Typed;
  readonly list: readonly Candidate[];
  readonly chosen: number;
}

/** useMentions offers names while one is typed after an @. */
export function useMentions(chat: Chat, channelId: string, put: (text: string, cursor: number) => void) {
  const [offer, setOffer] = useState<Offer | undefined>(undefined);

  /** look is called when the text or the cursor has moved. */
  const look = (field: HTMLTextAreaElement) => {
    const typed = field.selectionStart === field.selectionEnd ? typedAt(field.value, field.selectionStart) : undefined;
    const list = typed === undefined ? [] : matching(candidates(chat, channelId), typed.part);
    // A name that stands there in full needs no offer.
    const whole = list.length === 1 && list[0]!.name.toLowerCase() === typed?.part.toLowerCase();
    setOffer(typed === undefined || list.length === 0 || whole ? undefined : { typed, list, chosen: 0 });
  };
  const take = (field: HTMLTextAreaElement, candidate: Candidate) => {
    if (offer === undefined) return;
    const { text, cursor } = completed(field.value, offer.typed, candidate.name);
    setOffer(undefined);
    put(text, cursor);
  };
  /** onKey handles the keys that belong to the list; it returns whether it did. */
  const onKey = (event: KeyboardEvent): boolean => {
    if (offer === undefined) return false;
    const { list, chosen } = offer;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const by = event.key === "ArrowDown" ? 1 : -1;
      setOffer({ ...offer, chosen: (chosen + by + list.length) % list.length });
    } else if ((event.key === "Enter" && !event.shiftKey) || event.key === "Tab") {
      take(event.currentTarget as HTMLTextAreaElement, list[chosen]!);
    } else if (event.key === "Escape") setOffer(undefined);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  };
  return { offer, look, take, onKey, close: () => setOffer(undefined) };
}

/** candidates are the agents, those who take part first, and the people of a channel. */
function candidates(chat: Chat, channelId: string): Candidate[] {
  const state = chat.store.get();
  const agents = state.agents.map(({ id, name }) => ({ id, name, agent: true }));
  const people = peopleIn(state, channelId, logOf(state, channelId).posts);
  return [...agents, ...people.map((person) => ({ ...person, agent: false }))];
}

/** MentionList is what is offered, above the field. */
export function MentionList({ offer, onTake }: { offer: Offer; onTake: (candidate: Candidate) => void }) {
  const ids = useMemo(() => offer.list.map((_, i) => `mention-${i}`), [offer.list]);
  return (
    <ul class="mentions" role="listbox" id="mentions" aria-label="Names to mention" data-testid="mentions">
      {offer.list.map((candidate, i) => (
        <li
          key={candidate.id}
          id={ids[i]}
          role="option"
          aria-selected={i === offer.chosen}
          data-testid="mention-option"
          onPointerDown={(event) => {
            // The field keeps the focus.
            event.preventDefault();
            onTake(candidate);
          }}
        >
          <Avatar id={candidate.id} name={candidate.name} agent={candidate.agent} />
          <span class="label">{candidate.name}</span>
          {candidate.agent && <span class="badge">agent</span>}
        </li>
      ))}
    </ul>
  );
}
