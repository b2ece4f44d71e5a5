import { useCallback, useState } from "preact/hooks";
import { can } from "../state/abilities";
import type { Chat } from "../state/chat";
import { logOf, shownLog } from "../state/select";
import { copyText } from "./markdown";
import type { Action } from "./menu";
import type { Show } from "./shown";

/** What a message's menu is opened with. */
interface Open {
  label: string;
  actions: readonly Action[];
  at: DOMRect;
}

/** useActions is the menu of what can be done with a message. */
export function useActions(chat: Chat, channelId: string, show: Show) {
  const [menu, setMenu] = useState<Open | undefined>(undefined);
  const open = useCallback((messageId: string, at: DOMRect) => {
    const actions = actionsFor(chat, channelId, messageId, show);
    if (actions.length > 0) setMenu({ label: "Message", actions, at });
  }, []);
  return {
    menu,
    open,
    /** openAt opens it for a message that has the focus. */
    openAt: (article: HTMLElement) => {
      const id = article.dataset["id"];
      if (id !== undefined && id !== "") open(id, article.querySelector(".message-menu")?.getBoundingClientRect() ?? article.getBoundingClientRect());
    },
    close: () => setMenu(undefined),
  };
}

/** actionsFor are what the user may do with a message. */
function actionsFor(chat: Chat, channelId: string, messageId: string, show: Show): Action[] {
  const state = chat.store.get();
  const post = shownLog(state, channelId).entries.get(messageId) ?? logOf(state, channelId).entries.get(messageId);
  if (post?.kind !== "post") return [];
  const own = post.authorId === state.me.id;
  const actions: Action[] = [
    {
      name: "Reply",
      icon: "reply",
      testId: "action-reply",
      run: () => {
        chat.messenger.reply(channelId, post);
        document.getElementById("composer")?.focus();
      },
    },
    {
      name: "Copy text",
      icon: "copy",
      testId: "action-copy",
      run: () => void copyText(post.text).then((done) => done || chat.complaint("The text could not be copied.")),
    },
  ];
  if (own && can(state, "edit")) {
    actions.push({ name: "Edit", icon: "edit", testId: "action-edit", run: () => chat.messenger.edit(messageId) });
  }
  if (own && can(state, "remove")) {
    const remove = () =>
      show({
        kind: "confirm",
        title: "Delete this message?",
        text: "It disappears for everybody.",
        action: "Delete",
        run: () => chat.messenger.remove(post),
      });
    actions.push({ name: "Delete", icon: "trash", testId: "action-delete", danger: true, run: remove });
  }
  return actions;
}
