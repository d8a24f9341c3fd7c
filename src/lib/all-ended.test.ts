import { expect, it } from "vitest";
import { allEnded } from "./all-ended.ts";

it("fails when all have ended, with the first failure in order", async () => {
  const slow = Promise.withResolvers<void>();
  let settled = false;
  const all = allEnded([slow.promise, Promise.reject(new Error("quick")), Promise.resolve()]).finally(() => {
    settled = true;
  });
  all.catch(() => undefined);
  await new Promise((resolve) => setImmediate(resolve));
  expect(settled).toBe(false);
  slow.reject(new Error("slow"));
  await expect(all).rejects.toThrow("slow");
  expect(await allEnded([Promise.resolve(1), Promise.resolve(2)])).toEqual([1, 2]);
});
