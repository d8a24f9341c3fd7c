import { expect, it } from "vitest";
import { inTurns } from "./in-turns.ts";

const spin = (milliseconds: number): void => {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
};

function* work(pieces: number, milliseconds: number): Generator<void, string> {
  for (let piece = 0; piece < pieces; piece++) {
    spin(milliseconds);
    yield;
  }
  return "done";
}

it("does short work at once", () => {
  expect(inTurns(work(3, 0))).toBe("done");
});

it("lets others have the thread between the pieces of long work", async () => {
  const order: string[] = [];
  const pending = Promise.resolve(inTurns(work(4, 15))).then((result) => order.push(result));
  setImmediate(() => order.push("other"));
  await pending;
  expect(order).toEqual(["other", "done"]);
});

it("throws what the work throws, at once or later", async () => {
  function* failing(pieces: number): Generator<void, never> {
    yield* work(pieces, 15);
    throw new Error("refused");
  }
  expect(() => inTurns(failing(0))).toThrow("refused");
  await expect(inTurns(failing(2))).rejects.toThrow("refused");
});
