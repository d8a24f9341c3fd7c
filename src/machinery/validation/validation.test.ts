import { describe, expect, it } from "vitest";
import { validateLabelSelector } from "./label-selector.ts";
import { validateObjectMeta, validateObjectMetaUpdate } from "./metadata.ts";
import { isConfigMapKey, isDns1123Label, isPortName, isQualifiedName, nameIsDnsSubdomain } from "./names.ts";

const rules = { namespaced: true, validateName: nameIsDnsSubdomain };
const messages = (errors: readonly { message: string }[]): string[] => errors.map((error) => error.message);
const subdomain =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

describe("names", () => {
  it.each([
    ["a", 0],
    ["a.b", 1],
    ["A", 1],
    ["x".repeat(64), 1],
    ["", 1],
  ])("DNS label %j has %i complaints", (name, count) => {
    expect(isDns1123Label(name)).toHaveLength(count);
  });

  it.each([
    ["app.kubernetes.io/name", []],
    ["/a", ["prefix part must be non-empty"]],
    ["a/", ["name part must be non-empty", expect.stringContaining("name part must consist of")]],
    ["a/b/c", [expect.stringContaining("a valid label key must consist of")]],
    [`${"x".repeat(64)}`, ["name part must be no more than 63 bytes"]],
  ])("qualified name %j", (name, expected) => {
    expect(isQualifiedName(name)).toEqual(expected);
  });

  it("checks ports and keys", () => {
    expect(isPortName("a--b")).toEqual(["must not contain consecutive hyphens"]);
    expect(isPortName("80")).toEqual(["must contain at least one letter (a-z)"]);
    expect(isConfigMapKey("..a")).toEqual(["must not start with '..'"]);
  });
});

describe("validateObjectMeta", () => {
  it("accepts a usual object", () => {
    const meta = { name: "a", namespace: "b", labels: { "x/y": "z" }, annotations: { "X/Y": "any thing" } };
    expect(validateObjectMeta(meta, rules)).toEqual([]);
  });

  it.each([
    [{ namespace: "b" }, ["metadata.name: Required value: name or generateName is required"]],
    [{ name: "A", namespace: "b" }, [`metadata.name: Invalid value: "A": ${subdomain}`]],
    [{ name: "a" }, ["metadata.namespace: Required value"]],
    [{ name: "a-", generateName: "a-", namespace: "b" }, [`metadata.name: Invalid value: "a-": ${subdomain}`]],
    [
      { name: "a", namespace: "b", finalizers: ["orphan", "foregroundDeletion"] },
      [
        'metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: finalizer foregroundDeletion and orphan cannot be both set',
      ],
    ],
  ])("refuses %j", (meta, expected) => {
    expect(messages(validateObjectMeta(meta, rules))).toEqual(expected);
  });

  it("compares finalizers in linear time", () => {
    const finalizers = Array.from({ length: 300_000 }, (_, index) => `a.b/${index}`);
    const old = { name: "a", uid: "1", resourceVersion: "5", deletionTimestamp: "2026-01-01T00:00:00Z", finalizers };
    expect(validateObjectMetaUpdate({ ...old, finalizers: finalizers.toReversed() }, old)).toEqual([]);
  });

  it("refuses changes of what is fixed", () => {
    const old = { name: "a", uid: "1", resourceVersion: "5", deletionTimestamp: "2026-01-01T00:00:00Z" };
    expect(messages(validateObjectMetaUpdate({ ...old, name: "b", finalizers: ["x/y"] }, old))).toEqual([
      'metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"x/y"}',
      'metadata.name: Invalid value: "b": field is immutable',
    ]);
    expect(messages(validateObjectMetaUpdate({ ...old, resourceVersion: "" }, old))).toEqual([
      'metadata.resourceVersion: Invalid value: "": must be specified for an update',
    ]);
  });

  it("checks label selectors", () => {
    const selector = {
      matchExpressions: [
        { key: "a", operator: "In" },
        { key: "b", operator: "Near" },
      ],
    };
    expect(messages(validateLabelSelector(selector, "spec.selector"))).toEqual([
      "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
      'spec.selector.matchExpressions[1].operator: Invalid value: "Near": not a valid selector operator',
    ]);
  });
});
