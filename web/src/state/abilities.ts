import { CallError } from "../net/server";
import type { Ability, State } from "./model";
import type { Store } from "./store";

/** can says whether something is worth offering. */
export function can(state: State, ability: Ability): boolean {
  return !state.absent.includes(ability);
}

/** attempt runs a call and notes when the server does not know it. It rejects like the call. */
export async function attempt<T>(store: Store<State>, ability: Ability, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (err) {
    const { absent } = store.get();
    if (err instanceof CallError && err.code === "ABSENT" && !absent.includes(ability)) {
      store.set({ absent: [...absent, ability] });
    }
    throw err;
  }
}
