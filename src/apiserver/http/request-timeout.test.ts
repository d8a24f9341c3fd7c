import { describe, expect, it } from "vitest";
import { requestTimeout } from "./request-timeout.ts";

describe("request timeout", () => {
  it.each([
    ["", 60_000],
    ["timeout=0s", 60_000],
    ["timeout=32s", 32_000],
    ["timeout=1m30s", 60_000],
    ["timeout=1.5s", 1500],
    ["timeout=1s500ms", 1500],
  ])("of ?%s is %i ms", (query, expected) => {
    expect(requestTimeout(new URLSearchParams(query))).toBe(expected);
  });

  it.each(["invalid", "5", "5 s", "s"])("refuses %s", (text) => {
    expect(() => requestTimeout(new URLSearchParams({ timeout: text }))).toThrow(
      `invalid timeout specified in the request URL - time: invalid duration "${text}"`,
    );
  });
});

it("looks at no more of a duration than a duration has", () => {
  const long = new URLSearchParams({ timeout: "1".repeat(200_000) });
  expect(() => requestTimeout(long)).toThrow(expect.objectContaining({ code: 400 }));
});
