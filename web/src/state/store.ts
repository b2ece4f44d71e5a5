import { useEffect, useReducer, useRef } from "preact/hooks";

/** Store holds one immutable value and tells everybody who listens when it changes. */
export class Store<S> {
  private readonly listeners = new Set<() => void>();

  constructor(private value: S) {}

  get(): S {
    return this.value;
  }

  /** set replaces some fields; setting what is there already tells nobody. */
  set(change: Partial<S>): void {
    const keys = Object.keys(change) as (keyof S)[];
    if (keys.every((key) => Object.is(this.value[key], change[key]))) return;
    this.value = { ...this.value, ...change };
    for (const listener of this.listeners) listener();
  }

  /** subscribe returns the function that ends the subscription. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

/** useStore renders again when the picked part of the store is another value. */
export function useStore<S, T>(store: Store<S>, pick: (state: S) => T): T {
  const [, render] = useReducer((n: number, _: void) => n + 1, 0);
  const value = pick(store.get());
  const shown = useRef({ value, pick });
  shown.current = { value, pick };
  useEffect(() => {
    const check = () => {
      if (!Object.is(shown.current.pick(store.get()), shown.current.value)) render();
    };
    check(); // It may have changed between rendering and subscribing.
    return store.subscribe(check);
  }, [store]);
  return value;
}
