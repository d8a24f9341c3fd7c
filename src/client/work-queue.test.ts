import { describe, expect, it } from "vitest";
import { FakeClock } from "../lib/fake-clock.ts";
import { createWorkQueue } from "./work-queue.ts";

describe("work queue", () => {
  it("hands out a key once however often it is added", async () => {
    const queue = createWorkQueue<string>();
    queue.add("a");
    queue.add("a");
    queue.add("b");
    expect([await queue.get(), await queue.get(), queue.length]).toEqual(["a", "b", 0]);
  });

  it("keeps a key from a second worker, and returns it when it was added meanwhile", async () => {
    const queue = createWorkQueue<string>();
    queue.add("a");
    await queue.get();
    queue.add("a");
    expect(queue.length).toBe(0);
    queue.done("a");
    expect(queue.length).toBe(1);
  });

  it("delays, the earlier time winning", async () => {
    const clock = new FakeClock();
    const queue = createWorkQueue<string>({ clock });
    queue.addAfter("a", 1000);
    queue.addAfter("a", 100);
    queue.addAfter("a", 5000);
    await clock.advance(99);
    expect(queue.length).toBe(0);
    await clock.advance(1);
    expect(queue.length).toBe(1);
  });

  it("doubles the delay of a failing key until it is forgotten", async () => {
    const clock = new FakeClock();
    const queue = createWorkQueue<string>({ clock });
    const delays: number[] = [];
    for (let i = 0; i < 4; i++) {
      const start = clock.now();
      queue.addRateLimited("a");
      while (queue.length === 0) await clock.advance(1);
      delays.push(clock.now() - start);
      await queue.get();
      queue.done("a");
    }
    expect(delays).toEqual([5, 10, 20, 40]);
    queue.forget("a");
    expect(queue.retries("a")).toBe(0);
  });

  it("ends waiting workers", async () => {
    const queue = createWorkQueue<string>();
    const next = queue.get();
    queue.shutDown();
    expect(await next).toBeUndefined();
  });
});
