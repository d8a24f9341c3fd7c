import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { controllerOf, deepCopy, deepEqual, deepFreeze, generateName, isControlledBy } from "./accessors.ts";

describe("accessors", () => {
  it("copies any JSON value into an equal, independent one", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const copy = deepCopy(value);
        expect(copy).toEqual(value);
        expect(deepEqual(copy, value)).toBe(true);
        deepFreeze(value);
        expect(Object.isFrozen(copy) && typeof copy === "object" && copy !== null).toBe(false);
      }),
    );
  });

  it("tells values apart", () => {
    expect(deepEqual({ a: 1, b: undefined }, { a: 1 })).toBe(true);
    expect(deepEqual({ a: 1 }, { a: 1, b: null })).toBe(false);
    expect(deepEqual([1, 2], [2, 1])).toBe(false);
    expect(deepEqual([], {})).toBe(false);
    expect(deepEqual({}, { constructor: "x" })).toBe(false);
    expect(deepEqual({ toString: "x" }, {})).toBe(false);
    expect(deepEqual(JSON.parse('{"__proto__":{}}'), {})).toBe(false);
    expect(deepEqual({ a: 2n ** 60n }, { a: 2 ** 60 })).toBe(true);
    expect(deepEqual({ a: 2n ** 60n + 1n }, { a: 2 ** 60 })).toBe(false);
  });

  it("finds the controller", () => {
    const owner = { metadata: { uid: "1" } };
    const reference = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "a", uid: "1", controller: true };
    const object = { metadata: { ownerReferences: [{ ...reference, uid: "2", controller: false }, reference] } };
    expect(controllerOf(object)).toBe(reference);
    expect(isControlledBy(object, owner)).toBe(true);
    expect(isControlledBy({ metadata: {} }, { metadata: {} })).toBe(false);
  });

  it("generates names of at most 63 characters", () => {
    expect(generateName("web-")).toMatch(/^web-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
    expect(generateName("x".repeat(80))).toHaveLength(63);
  });
});
