import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, it, vi } from "vitest";
import { Turns } from "./turns.ts";

it("runs one piece in a turn, and owners one after the other", async () => {
  const turns = new Turns();
  const order: string[] = [];
  const work = async (owner: string, piece: number): Promise<void> => {
    await turns.take(owner);
    order.push(`${owner}${piece}`);
  };
  const all = [work("a", 1), work("a", 2), work("a", 3), work("b", 1), work("c", 1), work("b", 2)];
  let seen = 0;
  while (order.length < all.length) {
    await nextTurn();
    expect(order.length - seen).toBeLessThanOrEqual(1);
    seen = order.length;
  }
  expect(order).toEqual(["a1", "b1", "c1", "a2", "b2", "a3"]);
  expect(turns.waiting).toBe(0);
});

it("lets everybody else have the thread after a long piece, what it led to without waiting included", async () => {
  vi.useFakeTimers({ toFake: ["performance", "setTimeout"] });
  try {
    const turns = new Turns();
    await turns.take("a");
    await Promise.resolve();
    vi.advanceTimersByTime(50);
    let begun = false;
    const second = turns.take("b").then(() => {
      begun = true;
    });
    for (let turn = 0; turn < 20; turn++) await nextTurn();
    vi.advanceTimersByTime(400);
    for (let turn = 0; turn < 20; turn++) await nextTurn();
    expect(begun).toBe(false);
    vi.advanceTimersByTime(101);
    await second;
  } finally {
    vi.useRealTimers();
  }
});
