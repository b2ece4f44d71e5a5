import type { Server } from "../net/server";
import type { Presence } from "../net/signals";
import { attempt, can } from "./abilities";
import { loadPeople, savePeople } from "./acquaintances";
import type { State } from "./model";
import type { Store } from "./store";

/** PresenceKeeper knows who has which channel open, and what everybody is called. */
export class PresenceKeeper {
  constructor(
    private readonly store: Store<State>,
    private readonly server: Server,
  ) {
    const { me } = store.get();
    store.set({ people: loadPeople(me.id) });
  }

  /** read asks who is in a channel; what cannot be found out is left as it is. */
  async read(channelId: string): Promise<void> {
    if (!can(this.store.get(), "presence")) return;
    try {
      const there = await attempt(this.store, "presence", () => this.server.present(channelId));
      this.named(there.map(({ entityId, name }) => [entityId, name]));
      this.set(channelId, there.map(({ entityId }) => entityId));
    } catch {
      // Nobody is shown as present then.
    }
  }

  /** heard notes that somebody came or left. */
  heard({ channelId, entityId, name, present }: Presence): void {
    const there = this.store.get().present[channelId] ?? [];
    this.named([[entityId, name]]);
    if (present === there.includes(entityId)) return;
    this.set(channelId, present ? [...there, entityId] : there.filter((id) => id !== entityId));
  }

  /** clear forgets who is there: without a connection nobody's leaving is heard. */
  clear(): void {
    this.store.set({ present: {} });
  }

  /** dropped forgets a channel that is gone. */
  dropped(channelId: string): void {
    const { [channelId]: _, ...present } = this.store.get().present;
    this.store.set({ present });
  }

  /** named learns what people are called. */
  named(pairs: Iterable<readonly [string, string]>): void {
    const { people } = this.store.get();
    const news: Record<string, string> = {};
    for (const [id, name] of pairs) if (name !== "" && people[id] !== name) news[id] = name;
    if (Object.keys(news).length === 0) return;
    this.store.set({ people: { ...people, ...news } });
    savePeople(this.store.get().me.id, { ...people, ...news });
  }

  private set(channelId: string, ids: readonly string[]): void {
    this.store.set({ present: { ...this.store.get().present, [channelId]: ids } });
  }
}
