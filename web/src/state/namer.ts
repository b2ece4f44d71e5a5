import { can } from "./abilities";
import type { Directory } from "./directory";
import type { State } from "./model";
import { isDefaultName, nameFrom } from "./naming";
import { channelOf, logOf } from "./select";
import type { Store } from "./store";

/** Namer names chats with an agent after their first question, unless somebody has named them. */
export class Namer {
  /** Chats that were tried: one that cannot be named is not tried at every message. */
  private readonly tried = new Set<string>();

  constructor(
    private readonly store: Store<State>,
    private readonly directory: Pick<Directory, "describe" | "update">,
  ) {}

  /** asked is told of every message of ours in such a chat. */
  async asked(channelId: string, text: string): Promise<void> {
    if (this.tried.has(channelId) || !this.isUnnamed(channelId)) return;
    const name = nameFrom(this.firstOf(channelId) ?? text);
    if (name === "") return;
    this.tried.add(channelId);
    // Somebody may have named it a moment ago.
    if ((await this.directory.describe(channelId)) !== "known" || !this.isUnnamed(channelId)) return;
    await this.directory.update(channelId, { name });
  }

  private isUnnamed(channelId: string): boolean {
    const state = this.store.get();
    return can(state, "members") && isDefaultName(channelOf(state, channelId)?.name ?? "");
  }

  /** firstOf is our first message in a chat, undefined if there is none or it is not loaded. */
  private firstOf(channelId: string): string | undefined {
    const state = this.store.get();
    const log = logOf(state, channelId);
    return log.loaded && !log.hasOlder ? log.posts.find((post) => post.authorId === state.me.id)?.text : undefined;
  }
}
