import { expect, it, vi } from "vitest";
import { BodyBudget } from "./body-budget.ts";

const limits = { total: 100, perUser: 60, waitingPerUser: 2, waitMs: 1000 };
const never = new AbortController().signal;

it("gives room up to the bounds of a user and of all, and takes turns for what comes free", async () => {
  const budget = new BodyBudget(limits);
  const order: string[] = [];
  const ask = (user: string, bytes: number): Promise<() => void> =>
    budget.reserve(user, bytes, never).then((release) => {
      order.push(`${user}${bytes}`);
      return release;
    });
  const first = await ask("a", 50);
  const [second, third] = [ask("a", 20), ask("a", 21)];
  const other = await ask("b", 40);
  await Promise.resolve();
  expect(order).toEqual(["a50", "b40"]);
  const fourth = ask("b", 15);
  first();
  first();
  await Promise.all([second, fourth]);
  expect(order).toEqual(["a50", "b40", "a20", "b15"]);
  expect(budget.taken).toBe(75);
  for (const release of [other, await second, await fourth]) release();
  (await third)();
  expect(budget.taken).toBe(0);
});

it("lets a body that is larger than any bound go alone", async () => {
  const budget = new BodyBudget(limits);
  const release = await budget.reserve("a", 500, never);
  const waiting = budget.reserve("b", 1, never);
  release();
  (await waiting)();
  expect(budget.taken).toBe(0);
});

it("refuses with 429 when too many of a user wait, or one for too long; others are not concerned", async () => {
  vi.useFakeTimers();
  try {
    const budget = new BodyBudget(limits);
    const release = await budget.reserve("a", 60, never);
    const waiting = [budget.reserve("a", 60, never), budget.reserve("a", 60, never)];
    const refused = expect.objectContaining({ code: 429, reason: "TooManyRequests" });
    await expect(budget.reserve("a", 60, never)).rejects.toEqual(refused);
    (await budget.reserve("b", 40, never))();
    const settled = Promise.allSettled(waiting);
    await vi.advanceTimersByTimeAsync(1000);
    expect((await settled).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    release();
    expect(budget.taken).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

it("forgets those that go away while they wait", async () => {
  const budget = new BodyBudget(limits);
  const release = await budget.reserve("a", 60, never);
  const client = new AbortController();
  const waiting = budget.reserve("a", 60, client.signal);
  client.abort(new Error("gone"));
  await expect(waiting).rejects.toThrow("gone");
  release();
  expect(budget.taken).toBe(0);
});
