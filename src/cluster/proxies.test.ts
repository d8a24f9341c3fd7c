import { describe, expect, it } from "vitest";
import {
  environmentAround,
  isExcepted,
  nodeProxies,
  noProxies,
  proxyEnvironment,
  readProxies,
  redactProxy,
} from "./proxies.ts";

describe("proxies of the environment", () => {
  it("are read in both cases, the upper one first", () => {
    const environment = {
      https_proxy: "http://low:1",
      HTTP_PROXY: "up:2",
      http_proxy: "http://low:3",
      no_proxy: "a, b",
    };
    expect(readProxies(environment).proxies).toEqual({ http: "up:2", https: "http://low:1", except: ["a", "b"] });
  });

  it("stay as the profile has them where they are not set, and go where they are empty", () => {
    const kept = { http: "http://a:1", https: "http://b:2", except: ["c"] };
    expect(readProxies({}, kept).proxies).toEqual(kept);
    expect(readProxies({ HTTP_PROXY: "", NO_PROXY: "" }, kept).proxies).toEqual({ ...kept, http: "", except: [] });
  });

  it.each(["not a url", "ftp://x", "http://", "http://a\nNODE_OPTIONS=--inspect"])("refuse %j", (value) => {
    expect(readProxies({ HTTPS_PROXY: value })).toEqual({ proxies: noProxies, refused: ["HTTPS_PROXY"] });
  });

  it.each([
    ["http://user:secret@proxy:3128", "http://user:xxxxx@proxy:3128"],
    ["user:secret@proxy:3128", "user:xxxxx@proxy:3128"],
    ["http://user:s%40c@proxy", "http://user:xxxxx@proxy"],
    ["http://proxy:3128", "http://proxy:3128"],
    ["", ""],
  ])("show no password: %s", (value, shown) => {
    expect(redactProxy(value)).toBe(shown);
  });

  it("are the gateway's in a node where they are on the host's loopback, and not for what is inside", () => {
    const given = { http: "http://127.0.0.1:9", https: "http://u:p@localhost:3128", except: ["corp.example"] };
    const own = nodeProxies(given, { gateway: "192.168.39.1" }, ["192.168.39.0/24", ".svc"]);
    expect(proxyEnvironment(own)).toEqual([
      "HTTP_PROXY=http://192.168.39.1:9",
      "HTTPS_PROXY=http://u:p@192.168.39.1:3128",
      "NO_PROXY=corp.example,192.168.39.0/24,.svc",
    ]);
    expect(proxyEnvironment(nodeProxies(noProxies, { gateway: "192.168.39.1" }, [".svc"]))).toEqual([]);
  });

  it.each([
    ["192.168.39.2", ["192.168.39.0/24"], true],
    ["192.168.39.2", ["192.168.39.2"], true],
    ["192.168.39.2", ["*"], true],
    ["192.168.39.2", ["192.168.50.0/24", "localhost", "::1", "300.1.1.1/99"], false],
  ])("except %s by %j: %s", (address, except, expected) => {
    expect(isExcepted(address, except)).toBe(expected);
  });

  it("are gone around to the cluster, and only where there are any", () => {
    const around = { NO_PROXY: "a,192.168.39.2", no_proxy: "a,192.168.39.2" };
    expect(environmentAround("192.168.39.2", { HTTPS_PROXY: "http://p:1", NO_PROXY: "a" })).toEqual(around);
    expect(environmentAround("192.168.39.2", { HTTPS_PROXY: "http://p:1", NO_PROXY: "192.168.0.0/16" })).toEqual({});
    expect(environmentAround("192.168.39.2", {})).toEqual({});
  });
});
