import { describe, expect, it } from "vitest";
import { parseRequestInfo } from "./request-info.ts";

describe("request info", () => {
  it.each([
    ["GET", "/api/v1/pods", "list", "//v1/pods//"],
    ["GET", "/api/v1/pods?watch=true", "watch", "//v1/pods//"],
    ["GET", "/api/v1/pods?watch=0", "list", "//v1/pods//"],
    ["GET", "/api/v1/watch/namespaces/ns/pods/p", "watch", "ns//v1/pods/p/"],
    ["GET", "/api/v1/namespaces/ns/pods/p/log", "get", "ns//v1/pods/p/log"],
    ["GET", "/api/v1/namespaces/ns/pods?fieldSelector=metadata.name%3Dp", "list", "ns//v1/pods/p/"],
    ["POST", "/apis/apps/v1/namespaces/ns/deployments", "create", "ns/apps/v1/deployments//"],
    ["PUT", "/api/v1/namespaces/ns/finalize", "update", "ns//v1/namespaces/ns/finalize"],
    ["DELETE", "/api/v1/namespaces/ns", "delete", "ns//v1/namespaces/ns/"],
    ["DELETE", "/api/v1/namespaces/ns/pods", "deletecollection", "ns//v1/pods//"],
    [
      "PATCH",
      "/apis/rbac.authorization.k8s.io/v1/clusterroles/a%3Ab",
      "patch",
      "/rbac.authorization.k8s.io/v1/clusterroles/a:b/",
    ],
  ])("of %s %s", (method, url, verb, parts) => {
    const info = parseRequestInfo(method, url);
    expect(info.isResourceRequest).toBe(true);
    expect(info.verb).toBe(verb);
    const { namespace, group, version, resource, name, subresource } = info;
    expect([namespace, group, version, resource, name, subresource].join("/")).toBe(parts);
  });

  it("keeps what is behind a proxy as it is", () => {
    const proxy = "/api/v1/namespaces/ns/services/web:80/proxy";
    expect(parseRequestInfo("GET", `${proxy}/a/b/?x=1`).subpath).toBe("a/b/");
    expect(parseRequestInfo("GET", proxy).subpath).toBe("");
  });

  it.each(["/", "/api", "/apis/apps/v1", "/healthz", "/openapi/v3/apis/apps/v1"])("sees no resource in %s", (path) => {
    expect(parseRequestInfo("GET", path)).toMatchObject({ isResourceRequest: false, verb: "get", path });
  });

  it("refuses paths that cannot be decoded", () => {
    expect(() => parseRequestInfo("GET", "/api/v1/%zz/x")).toThrow("invalid path");
  });
});
