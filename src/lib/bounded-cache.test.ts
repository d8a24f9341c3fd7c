import { expect, it } from "vitest";
import { BoundedCache } from "./bounded-cache.ts";

const key = (index: number): string => `key ${index}`;

it("keeps what was set, until it is deleted or set anew", () => {
  const cache = new BoundedCache<number>(10_000);
  cache.set("a", 1, 8);
  cache.set("a", 2, 8);
  expect(cache.get("a")).toBe(2);
  expect(cache.size).toBe(1);
  cache.delete("a");
  expect(cache.get("a")).toBeUndefined();
  cache.set("b", 1, 8);
  cache.clear();
  expect(cache.size).toBe(0);
});

it("holds no more bytes than it may, whatever the size and number of entries", () => {
  const cache = new BoundedCache<Buffer>(100_000);
  const held = (): number =>
    Array.from({ length: 5000 }, (_, index) => cache.get(key(index))?.length ?? 0).reduce((sum, one) => sum + one, 0);
  for (let index = 0; index < 5000; index++)
    cache.set(key(index), Buffer.alloc((index * 37) % 5000), (index * 37) % 5000);
  expect(held()).toBeGreaterThan(10_000);
  expect(held()).toBeLessThanOrEqual(100_000);
});

it("does not keep what alone would drive out the others", () => {
  const cache = new BoundedCache<string>(10_000);
  cache.set("small", "s", 2);
  cache.set("large", "x".repeat(5000), 10_000);
  cache.set("x".repeat(5000), "", 0);
  expect(cache.get("large")).toBeUndefined();
  expect(cache.size).toBe(1);
  expect(cache.get("small")).toBe("s");
});

it("keeps what is asked for while others come and go", () => {
  const cache = new BoundedCache<number>(10_000);
  cache.set("asked", 1, 8);
  for (let index = 0; index < 1000; index++) {
    cache.set(key(index), index, 8);
    expect(cache.get("asked")).toBe(1);
  }
  expect(cache.get(key(0))).toBeUndefined();
});
