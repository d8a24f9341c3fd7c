import { describe, expect, it } from "vitest";
import { cleanPath, encodePath, parseRequestTarget, pathParts } from "./request-target.ts";

describe("request target", () => {
  it.each([
    ["/a/b?x=1&y", "/a/b", "?x=1&y"],
    ["/a/%2e%2e/b%2Fc", "/a/../b/c", ""],
    ["//host/a", "//host/a", ""],
    ["/a//b/./../c/", "/a//b/./../c/", ""],
    ["/a;b=c#d", "/a;b=c#d", ""],
    ["https://host:1/a?b", "/a", "?b"],
    ["http://host", "", ""],
    ["*", "*", ""],
    ["/%00", "/\0", ""],
  ])("of %s", (target, path, search) => {
    expect(parseRequestTarget(target)).toMatchObject({ path, search });
  });

  it.each(["", "a/b", "host:443", "ftp://host/a", "/%", "/%zz", "/%ff"])("refuses %s", (target) => {
    expect(parseRequestTarget(target)).toBeUndefined();
  });

  it.each([
    ["/", []],
    ["///", []],
    ["/a/b/", ["a", "b"]],
    ["/a//b", ["a", "", "b"]],
    [`${"/".repeat(1_000_000)}a`, ["a"]],
  ])("has parts", (path, parts) => {
    expect(pathParts(path)).toEqual(parts);
  });

  it.each([
    ["", "/"],
    ["/", "/"],
    ["//a//b/", "/a/b/"],
    ["/a/../b", "/b"],
    ["/../../a/.", "/a"],
    ["/a/..", "/"],
    ["/a/%2e%2e/b", "/a/%2e%2e/b"],
  ])("cleans %s", (path, clean) => {
    expect(cleanPath(path)).toBe(clean);
  });

  it("is written as Go's URLs are", () => {
    expect(encodePath("/a b/%?#[(é\r\n:@&=+$,;~")).toBe("/a%20b/%25%3F%23%5B%28%C3%A9%0D%0A:@&=+$,;~");
  });
});
