import { describe, expect, it } from "vitest";
import { parseInsecureRegistries, parseMirrors } from "./registries.ts";

describe("parseMirrors", () => {
  it("takes repeated and comma-separated values once each", () => {
    expect(parseMirrors(["http://10.0.0.1:5000/,https://mirror.example/cache", "http://10.0.0.1:5000"])).toEqual([
      "http://10.0.0.1:5000",
      "https://mirror.example/cache",
    ]);
  });

  it("tells a flag that is left out from one that is emptied", () => {
    expect(parseMirrors([])).toBeUndefined();
    expect(parseMirrors([""])).toEqual([]);
  });

  it.each(["mirror.example", "ftp://mirror.example", "http://", "http://a b", "http://user@mirror.example"])(
    "refuses %s",
    (value) => expect(() => parseMirrors([value])).toThrow(`"${value}" is not the URL of a registry`),
  );
});

describe("parseInsecureRegistries", () => {
  it.each(["registry.local", "registry.local:5000", "10.0.0.1:5000", "http://registry.local", "[fd00::1]:5000"])(
    "takes %s",
    (value) => expect(parseInsecureRegistries([value])).toEqual([value]),
  );

  it.each([
    ["10.0.0.0/8", "is a range of addresses"],
    ["registry.local/path", "is not the name of a registry"],
    ["a b", "is not the name of a registry"],
  ])("refuses %s", (value, why) => expect(() => parseInsecureRegistries([value])).toThrow(why));
});
