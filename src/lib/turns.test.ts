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

it("lets an owner of many long pieces wait, and nobody else", async () => {
  vi.useFakeTimers({ toFake: ["performance", "setTimeout"] });
  const thread = vi.spyOn(process, "threadCpuUsage");
  let usedMs = 0;
  thread.mockImplementation(() => ({ user: usedMs * 1000, system: 0 }));
  try {
    const turns = new Turns();
    const begun: string[] = [];
    const work = async (owner: string, takesMs: number): Promise<void> => {
      await turns.take(owner);
      begun.push(owner);
      await Promise.resolve();
      usedMs += takesMs;
    };
    const settle = async (): Promise<void> => {
      for (let turn = 0; turn < 40; turn++) await nextTurn();
    };
    const long = Array.from({ length: 10 }, () => work("long", 100));
    const short = Array.from({ length: 10 }, () => work("short", 10));
    await settle();
    // Eight times 100 ms are 50 more than allowed, which take 500 ms to come off.
    expect(begun.filter((owner) => owner === "long")).toHaveLength(8);
    await Promise.all(short);
    const late = work("late", 10);
    await settle();
    expect(begun.at(-1)).toBe("late");
    await late;
    vi.advanceTimersByTime(490);
    await settle();
    expect(begun.filter((owner) => owner === "long")).toHaveLength(8);
    vi.advanceTimersByTime(11);
    await settle();
    expect(begun.filter((owner) => owner === "long")).toHaveLength(9);
    vi.advanceTimersByTime(1_001);
    await Promise.all(long);
  } finally {
    thread.mockRestore();
    vi.useRealTimers();
  }
});
