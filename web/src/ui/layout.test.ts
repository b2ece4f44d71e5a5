import { describe, expect, it } from "vitest";
import { Layout } from "./layout";

const keys = (n: number, from = 0) => Array.from({ length: n }, (_, i) => `k${from + i}`);

describe("Layout", () => {
  it("stands on estimates until rows are measured", () => {
    const layout = new Layout();
    layout.set(keys(3), () => 10);
    expect([layout.top(0), layout.top(2), layout.total]).toEqual([0, 20, 30]);
    expect(layout.measure("k1", 40)).toBe(true);
    expect(layout.measure("k1", 40.2)).toBe(false);
    expect([layout.top(1), layout.top(2), layout.total]).toEqual([10, 50, 60]);
  });

  it("keeps heights when rows come in above, go, and come back", () => {
    const layout = new Layout();
    layout.set(keys(2, 5), () => 10);
    layout.measure("k6", 100);
    layout.set(keys(7), () => 10);
    expect(layout.placeOf("k6")).toBe(6);
    expect([layout.top(6), layout.total]).toEqual([60, 160]);
    layout.set(keys(2), () => 10);
    expect([layout.placeOf("k6"), layout.total]).toEqual([-1, 20]);
    layout.set(keys(7), () => 10);
    expect(layout.total).toBe(160);
  });

  it("finds the row at a height", () => {
    const layout = new Layout();
    layout.set(keys(100), () => 10);
    layout.measure("k0", 55);
    expect([-5, 0, 54, 55, 64, 65, 1e9].map((y) => layout.at(y))).toEqual([0, 0, 0, 1, 1, 2, 99]);
    layout.set([], () => 10);
    expect([layout.at(5), layout.total]).toEqual([0, 0]);
  });

  it("follows 20,000 rows while they are measured one by one", () => {
    const layout = new Layout();
    const all = keys(20_000);
    layout.set(all, () => 50);
    let total = 0;
    all.forEach((key, i) => {
      layout.measure(key, 20 + (i % 7));
      total += 20 + (i % 7);
    });
    expect(layout.total).toBe(total);
    expect(layout.keyAt(layout.at(layout.top(12_345)))).toBe("k12345");
  });
});
