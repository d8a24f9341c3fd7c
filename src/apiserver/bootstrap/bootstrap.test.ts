import { beforeEach, describe, expect, it } from "vitest";
import { createAuthorizer } from "../authorization/index.ts";
import { FakeObjects } from "../testing/fake-objects.ts";
import { createBootstrap } from "./index.ts";

const rbac = "rbac.authorization.k8s.io";

class CountingObjects extends FakeObjects {
  writes = 0;
  override put(group: string, plural: string, object: object): void {
    this.writes += 1;
    super.put(group, plural, object);
  }
}

describe("bootstrap", () => {
  let objects: CountingObjects;
  const bootstrap = (port = 6443): Promise<void> =>
    createBootstrap({
      reader: objects,
      writer: objects,
      advertised: { address: "192.168.39.5", port },
      serviceSubnet: "10.96.0.0/12",
      clientCa: "CA",
      registerApiServices: async () => undefined,
    }).run();

  beforeEach(async () => {
    objects = new CountingObjects();
    await bootstrap();
  });

  it("makes what a cluster needs before its first request", () => {
    expect(objects.list("", "namespaces").map(({ metadata }) => metadata?.name)).toEqual([
      "default",
      "kube-system",
      "kube-public",
      "kube-node-lease",
    ]);
    expect(objects.get("", "services", "default", "kubernetes")).toMatchObject({ spec: { clusterIP: "10.96.0.1" } });
    expect(objects.list(rbac, "clusterroles").length).toBeGreaterThan(65);
    expect(objects.get("networking.k8s.io", "servicecidrs", "", "kubernetes")).toMatchObject({
      spec: { cidrs: ["10.96.0.0/12"] },
      status: { conditions: [{ type: "Ready", status: "True" }] },
    });
  });

  it("writes nothing on a second start", async () => {
    objects.writes = 0;
    await bootstrap();
    expect(objects.writes).toBe(0);
  });

  it("follows the server's port and puts back rules that went missing, but not where the owner opted out", async () => {
    const strip = (name: string, autoupdate: string): void =>
      objects.put(rbac, "clusterroles", {
        metadata: { name, annotations: { "rbac.authorization.kubernetes.io/autoupdate": autoupdate } },
        rules: [],
      });
    strip("system:discovery", "true");
    strip("system:basic-user", "false");
    await bootstrap(8443);
    expect(objects.get(rbac, "clusterroles", "", "system:discovery")).not.toMatchObject({ rules: [] });
    expect(objects.get(rbac, "clusterroles", "", "system:basic-user")).toMatchObject({ rules: [] });
    expect(objects.get("discovery.k8s.io", "endpointslices", "default", "kubernetes")).toMatchObject({
      ports: [{ port: 8443 }],
    });
  });

  it.each([
    ["system:kube-scheduler", "create", "", "pods/binding", true],
    ["system:kube-scheduler", "get", "", "secrets", false],
    ["system:kube-controller-manager", "create", "apps", "replicasets", true],
    ["system:kube-controller-manager", "update", "", "serviceaccounts", true],
    ["system:kube-proxy", "watch", "discovery.k8s.io", "endpointslices", true],
    ["system:kube-proxy", "list", "", "secrets", false],
    ["jane", "get", "", "pods", false],
  ])("lets %s %s %s %s: %s", (username, verb, group, resource, allowed) => {
    const [plural = "", subresource = ""] = resource.split("/");
    const info = { path: "", verb, isResourceRequest: true, group, version: "v1", namespace: "default", name: "" };
    const request = {
      user: { username, groups: ["system:authenticated"] },
      info: { ...info, resource: plural, subresource },
    };
    expect(createAuthorizer({ reader: objects }).authorize(request).allowed).toBe(allowed);
  });

  it("fills admin, edit and view from the roles that are labelled for them", () => {
    for (const name of ["admin", "edit", "view"]) {
      const role = objects.get<{ rules: unknown[] }>(rbac, "clusterroles", "", name);
      expect(role?.rules.length).toBeGreaterThan(5);
    }
  });
});
