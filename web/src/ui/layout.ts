/**
 * Layout knows where every row of a long list stands: from its measured height, or from
 * an estimate as long as it was never drawn. Heights are kept by key, so that rows keep
 * theirs when others come in above them. Not drawn rows cost a number each.
 */
export class Layout {
  private keys: readonly string[] = [];
  private places = new Map<string, number>();
  private readonly measured = new Map<string, number>();
  private heights: number[] = [];
  private tops: number[] = [0];
  /** From which row on tops are out of date. */
  private stale = 0;

  /** set takes the rows in order; estimate is the height of one that was never drawn. */
  set(keys: readonly string[], estimate: (i: number) => number): void {
    if (keys === this.keys) return;
    const same = sameUpTo(this.keys, keys);
    for (let i = same; i < this.keys.length; i++) this.places.delete(this.keys[i]!);
    this.heights.length = same;
    for (let i = same; i < keys.length; i++) {
      this.places.set(keys[i]!, i);
      this.heights.push(this.measured.get(keys[i]!) ?? estimate(i));
    }
    this.keys = keys;
    this.stale = Math.min(this.stale, same);
  }

  /** measure notes a row's height. It returns whether that was news. */
  measure(key: string, height: number): boolean {
    const i = this.places.get(key);
    if (i === undefined || height === 0) return false;
    this.measured.set(key, height);
    if (Math.abs(this.heights[i]! - height) < 0.5) return false;
    this.heights[i] = height;
    this.stale = Math.min(this.stale, i);
    return true;
  }

  /** count is how many rows there are. */
  get count(): number {
    return this.keys.length;
  }

  /** placeOf is a row's place in the order, -1 if it is not there. */
  placeOf(key: string): number {
    return this.places.get(key) ?? -1;
  }

  /** keyAt is the key of a row. */
  keyAt(i: number): string | undefined {
    return this.keys[i];
  }

  /** top is where a row begins; that of the row after the last is the height of all. */
  top(i: number): number {
    for (; this.stale < this.keys.length; this.stale++) {
      this.tops[this.stale + 1] = this.tops[this.stale]! + this.heights[this.stale]!;
    }
    return this.tops[Math.max(0, Math.min(i, this.keys.length))] ?? 0;
  }

  /** total is the height of all rows. */
  get total(): number {
    return this.top(this.keys.length);
  }

  /** at is the row that covers a height; the first or the last one beyond the ends. */
  at(y: number): number {
    this.top(0);
    let low = 0;
    let high = this.keys.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.tops[middle]! <= y) low = middle;
      else high = middle - 1;
    }
    return Math.max(0, low);
  }
}

/** sameUpTo is how many of the first elements are the same. */
function sameUpTo(a: readonly string[], b: readonly string[]): number {
  const most = Math.min(a.length, b.length);
  let i = 0;
  while (i < most && a[i] === b[i]) i++;
  return i;
}
