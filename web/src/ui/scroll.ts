import { useEffect, useLayoutEffect, useMemo, useReducer, useRef } from "preact/hooks";
import { Layout } from "./layout";
import { estimateOf, type Row } from "./rows";

/** How near the end counts as the end, and how near an edge asks for more. */
const nearEnd = 40;
const nearEdge = 800;

/** How long after the last move the reader counts as still moving, and how far heights may be off meanwhile. */
const restsAfter = 150;
const maxDebt = 800;

/** How much is seen above the row at which a list begins. */
const leadIn = 64;

/** How much of the view stays when a page is turned. */
const overlap = 60;

/** How much is drawn beyond what is seen, and up to how many rows a list is drawn whole. */
const overscan = 1_200;
const drawnWhole = 100;

/**
 * Where the reader is: at the end, or with the top of the view so far into a row. That
 * is a message where there is one: the lines between them come, go and move.
 */
type Anchor = { readonly key: string; readonly into: number } | undefined;

/** What a list that scrolls needs to know. */
export interface ScrollOptions {
  rows: readonly Row[];
  /** The row to begin at once it is there, undefined for the end. */
  first: string | undefined;
  wantsOlder: boolean;
  wantsNewer: boolean;
  /** Whether more follows than there are rows, so that the last one is not the end. */
  goesOn: boolean;
  older: () => void;
  newer: () => void;
  /** Called with the row that ends the view whenever that may have changed. */
  viewed: (last: number, atEnd: boolean) => void;
}

/**
 * useScroll draws the part of a list that is looked at, and keeps it where the reader
 * is: at the end while they are at the end, else on the same row, whatever comes in
 * above or below and however heights turn out.
 */
export function useScroll(options: ScrollOptions) {
  const ref = useRef<HTMLDivElement>(null);
  const box = useMemo(() => new Scroller(), []);
  const [, draw] = useReducer((n: number, _: void) => n + 1, 0);
  box.options = options;
  box.draw = () => draw();
  const [from, to] = box.range();

  useLayoutEffect(() => {
    box.attach(ref.current!);
    return () => box.detach();
  }, []);
  useLayoutEffect(() => box.settle());
  // A page that does not fill the view has no scroll events to ask for the next one.
  useEffect(() => box.askForMore(), [options.wantsOlder, options.wantsNewer, options.rows]);

  const { layout } = box;
  return {
    ref,
    from,
    to,
    above: box.above(from),
    below: layout.total - layout.top(to),
    onScroll: () => box.scrolled(),
    onKey: (event: KeyboardEvent) => box.pressed(event),
    atEnd: box.atEnd,
    toEnd: () => box.toEnd(),
    show: (key: string) => box.show(key),
    look: () => box.look(),
  };
}

/** Scroller is a list's place and its rows' heights, from one drawing to the next. */
class Scroller {
  readonly layout = new Layout();
  options!: ScrollOptions;
  draw: () => void = () => {};
  private el: HTMLElement | undefined;
  private observer: ResizeObserver | undefined;
  private readonly seen = new Map<Element, string>();
  private keys: readonly string[] = [];
  private rows: readonly Row[] | undefined;
  private drawn: readonly [number, number] = [0, 0];
  private height = 800;
  private width = 0;
  /** Where we last put or found the list, to tell the reader's moves from ours. */
  private lastTop = 0;
  /**
   * How much too high the list stands for now. Whoever moves it is not to be disturbed:
   * what heights turn out to be is taken from the space above until the list rests.
   */
  private debt = 0;
  private rest: ReturnType<typeof setTimeout> | undefined;
  private rearranged = false;
  /** Whether the reader has moved or was led, and whether the list began where it is to begin. */
  private touched = false;
  private begun = false;
  private anchor: Anchor;

  /** atEnd says that the reader is at the end and stays there. */
  get atEnd(): boolean {
    return this.anchor === undefined;
  }

  /** range is which rows are to be drawn, the last one excluded. */
  range(): readonly [number, number] {
    this.arrange();
    const { count } = this.layout;
    if (count <= drawnWhole) return (this.drawn = [0, count]);
    const top = this.place();
    const from = this.layout.at(top - overscan);
    const to = Math.min(count, this.layout.at(top + this.height + overscan) + 1);
    return (this.drawn = [from, to]);
  }

  /** arrange gives the layout the rows of this drawing. */
  private arrange(): void {
    const { rows } = this.options;
    if (rows === this.rows) return;
    this.rearranged = true;
    this.rows = rows;
    const keys = rows.map((row) => row.key);
    this.keepAnchor(keys);
    this.keys = keys;
    this.layout.set(keys, (i) => estimateOf(rows[i]));
    const { first } = this.options;
    if (this.begun || this.touched || first === undefined || this.layout.placeOf(first) < 0) return;
    this.begun = true;
    this.anchor = { key: first, into: -leadIn };
  }

  /** keepAnchor moves the anchor to the next row that stays, where that stands, if its own goes. */
  private keepAnchor(after: readonly string[]): void {
    const was = this.anchor === undefined ? -1 : this.layout.placeOf(this.anchor.key);
    if (was < 0 || after.includes(this.anchor!.key)) return;
    const staying = new Set(after);
    const next = this.keys.slice(was).find((key) => staying.has(key));
    this.anchor = next === undefined ? undefined : { key: next, into: this.place() - this.layout.top(this.layout.placeOf(next)) };
  }

  /** place is how far down the view begins. */
  private place(): number {
    const end = Math.max(0, this.layout.total - this.height);
    if (this.anchor === undefined) return end;
    const i = this.layout.placeOf(this.anchor.key);
    return i < 0 ? end : Math.max(0, this.layout.top(i) + this.anchor.into);
  }

  /** attach watches the list and its rows. */
  attach(el: HTMLElement): void {
    this.el = el;
    this.observer = new ResizeObserver((changes) => {
      const own = changes.some(({ target }) => target === el);
      if (own && this.width !== el.clientWidth) this.width = el.clientWidth;
      if (own) this.height = el.clientHeight;
      if (this.measure() || own) this.settle();
    });
    this.height = el.clientHeight;
    this.width = el.clientWidth;
    this.observer.observe(el);
    document.addEventListener("visibilitychange", this.look);
  }

  /** detach ends that. */
  detach(): void {
    clearTimeout(this.rest);
    this.observer?.disconnect();
    document.removeEventListener("visibilitychange", this.look);
  }

  /** measure takes the heights of what is drawn. It returns whether one is news. */
  private measure(): boolean {
    let changed = false;
    for (const [row, key] of this.seen) {
      if (this.layout.measure(key, row.getBoundingClientRect().height)) changed = true;
    }
    return changed;
  }

  /** watch learns which rows are drawn. */
  private watch(): void {
    const drawn = new Set<Element>(this.el!.querySelectorAll("[data-key]"));
    for (const row of this.seen.keys()) {
      if (drawn.has(row)) continue;
      this.seen.delete(row);
      this.observer?.unobserve(row);
    }
    for (const row of drawn) {
      const key = (row as HTMLElement).dataset["key"]!;
      if (!this.seen.has(row)) this.observer?.observe(row);
      this.seen.set(row, key);
    }
  }

  /** settle measures what was drawn and puts the list where the reader is. */
  settle(): void {
    const { el } = this;
    if (el === undefined) return;
    this.watch();
    const measured = this.measure();
    const top = this.anchor === undefined ? el.scrollHeight - el.clientHeight : this.place();
    const owed = top - el.scrollTop;
    const moving = this.rest !== undefined && !this.rearranged && this.anchor !== undefined;
    this.rearranged = false;
    const before = this.debt;
    this.debt = moving && Math.abs(owed) < maxDebt && this.layout.top(this.drawn[0]) >= owed ? owed : 0;
    // Spacers hold the place of what is not drawn; they are wrong once heights are news.
    if (measured || before !== this.debt) this.space();
    const away = !this.atEnd;
    if (this.debt === 0) this.put();
    this.lastTop = el.scrollTop;
    if (this.lacks() || (away && this.atEnd)) this.draw();
    this.look();
  }

  /** put moves the list itself to where the reader is. */
  private put(): void {
    const el = this.el!;
    const top = this.anchor === undefined ? el.scrollHeight - el.clientHeight : this.place();
    if (Math.abs(el.scrollTop - top) > 0.5) el.scrollTop = top;
    // Where there is nothing more below, the reader is at the end.
    if (!this.options.goesOn && el.scrollHeight - el.scrollTop - el.clientHeight < 2) this.anchor = undefined;
  }

  /** above is the height of what is not drawn above. */
  above(from: number): number {
    return Math.max(0, this.layout.top(from) - this.debt);
  }

  /** space sets the spacers at once, without a drawing. */
  private space(): void {
    const [from, to] = this.drawn;
    const [above, below] = this.el!.querySelectorAll<HTMLElement>("[data-space]");
    if (above !== undefined) above.style.height = `${this.above(from)}px`;
    if (below !== undefined) below.style.height = `${this.layout.total - this.layout.top(to)}px`;
  }

  /** lacks says that the reader sees, or nearly sees, what is not drawn. */
  private lacks(): boolean {
    const [from, to] = this.drawn;
    const top = this.el!.scrollTop + this.debt;
    const above = from > 0 && this.layout.top(from) > top - overscan / 3;
    const below = to < this.layout.count && this.layout.top(to) < top + this.height + overscan / 3;
    return above || below;
  }

  /** scrolled follows the reader. */
  scrolled(): void {
    const el = this.el!;
    const top = el.scrollTop;
    if (Math.abs(top - this.lastTop) < 1) return;
    const left = el.scrollHeight - top - el.clientHeight;
    const was = this.atEnd;
    // Whoever moves up, if only a little, wants to stay there while an answer grows.
    const ends = !this.options.goesOn && left < (top < this.lastTop ? 2 : nearEnd);
    this.anchor = ends ? undefined : this.anchorAt(top + this.debt);
    this.lastTop = top;
    this.touched = true;
    this.moved();
    if (this.lacks() || was !== this.atEnd) this.draw();
    this.askForMore();
    this.look();
  }

  /** moved notes that the reader moves, and pays the debt once they rest. */
  private moved(): void {
    clearTimeout(this.rest);
    this.rest = setTimeout(() => {
      this.rest = undefined;
      if (this.debt !== 0) this.settle();
    }, restsAfter);
  }

  /** pressed turns pages at once: a browser's own way there is lost when heights turn out. */
  pressed(event: KeyboardEvent): void {
    const el = this.el!;
    if (event.target !== el && !(event.target as Element).matches("article")) return;
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const page = el.clientHeight - overlap;
    if (event.key === "End" && !this.options.goesOn) this.toEnd();
    else if (event.key === "End") el.scrollTop = el.scrollHeight;
    else if (event.key === "Home") el.scrollTop = 0;
    else if (event.key === "PageUp" || (event.key === " " && event.shiftKey)) el.scrollTop -= page;
    else if (event.key === "PageDown" || event.key === " ") el.scrollTop += page;
    else return;
    event.preventDefault();
  }

  private anchorAt(top: number): Anchor {
    const first = this.layout.at(top);
    let i = this.messageFrom(first) ?? first;
    // The first message of all loses its head when the one before it comes in.
    if (this.options.wantsOlder && i === this.messageFrom(0)) i = this.messageFrom(i + 1) ?? i;
    const key = this.layout.keyAt(i);
    return key === undefined ? undefined : { key, into: top - this.layout.top(i) };
  }

  /** messageFrom is the first row from there on that is a message. */
  private messageFrom(from: number): number | undefined {
    const rows = this.rows ?? [];
    for (let i = from; i < rows.length; i++) if (rows[i]!.kind === "message") return i;
    return undefined;
  }

  /** askForMore asks for history when the reader comes near an edge. */
  askForMore(): void {
    const { el, options } = this;
    if (el === undefined) return;
    if (options.wantsOlder && el.scrollTop < nearEdge) options.older();
    // Old history is shown at a message; until it is, its end is no place that the reader chose.
    if (options.wantsNewer && !this.atEnd && el.scrollHeight - el.scrollTop - el.clientHeight < nearEdge) options.newer();
  }

  /** look tells which row ends the view. */
  readonly look = (): void => {
    const { el } = this;
    if (el === undefined || this.layout.count === 0) return;
    const bottom = el.scrollTop + this.debt + el.clientHeight;
    let last = this.atEnd ? this.layout.count - 1 : this.layout.at(bottom);
    // A row counts when it is seen to its end, or fills the view.
    if (!this.atEnd && this.layout.top(last + 1) > bottom + 8 && this.layout.top(last) > bottom - el.clientHeight) last--;
    this.options.viewed(last, this.atEnd);
  };

  /** toEnd goes to the end, to stay there. */
  toEnd(): void {
    this.anchor = undefined;
    this.draw();
    this.settle();
  }

  /** show puts a row into the upper part of the view. It returns whether it is there. */
  show(key: string): boolean {
    if (this.layout.placeOf(key) < 0) return false;
    this.anchor = { key, into: -Math.round(this.height / 3) };
    this.touched = true;
    this.draw();
    return true;
  }
}
