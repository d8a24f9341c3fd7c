import { describe, expect, it } from "vitest";
import { currentSetAnnotations, revisionOf } from "./annotations.ts";

const key = "deployment.kubernetes.io/revision";
const set = (revision: string) => ({ metadata: { annotations: { [key]: revision } } });

describe("revisions", () => {
  it.each([
    ["3546343826724305832", 3546343826724305832n],
    ["7", 7n],
    ["many", 0n],
  ])("reads %s exactly", (text, revision) => {
    expect(revisionOf(set(text))).toBe(revision);
  });

  it("raises a great number by one", () => {
    expect(currentSetAnnotations({}, set("1"), 3546343826724305833n)[key]).toBe("3546343826724305833");
  });
});
