import { beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../../lib/fake-clock.ts";
import type { KindDefinition } from "../../machinery/kind.ts";
import { deepCopy } from "../../machinery/meta/accessors.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import { createAuthorizer } from "../authorization/index.ts";
import { FakeObjects } from "../testing/fake-objects.ts";
import type { AdmissionPlugin, AdmissionRequest } from "../types.ts";
import { createAdmissionChain } from "./index.ts";

const admin = { username: "admin", groups: ["system:masters"] };
const bob = { username: "bob", groups: ["system:authenticated"] };
const rbac = "rbac.authorization.k8s.io";

describe("the admission chain", () => {
  let objects: FakeObjects;
  let clock: FakeClock;
  let chain: AdmissionPlugin[];
  let warnings: string[];

  beforeEach(() => {
    objects = new FakeObjects();
    clock = new FakeClock();
    warnings = [];
    objects.put("", "namespaces", { metadata: { name: "default" } });
    objects.put("", "serviceaccounts", { metadata: { name: "default", namespace: "default" } });
    const authorizer = createAuthorizer({ reader: objects });
    chain = createAdmissionChain({ authorizer, serviceSubnet: "10.96.0.0/29", clock }, objects, objects);
  });

  async function run(group: string, plural: string, object: object, more: Partial<AdmissionRequest> = {}) {
    const request: AdmissionRequest = {
      operation: "CREATE",
      kind: { group, plural, version: "v1", kind: plural } as KindDefinition,
      subresource: "",
      namespace: "default",
      name: (object as UnknownObject).metadata?.name ?? "",
      user: admin,
      dryRun: false,
      object: deepCopy(object) as UnknownObject,
      oldObject: undefined,
      options: {},
      warn: (message) => warnings.push(message),
      ...more,
    };
    for (const plugin of chain) await plugin.admit?.(request);
    for (const plugin of chain) await plugin.validate?.(request);
    return request.object as UnknownObject;
  }
  const pod = (name: string, spec: object = {}) => ({
    metadata: { name, namespace: "default" },
    spec: { containers: [{ name: "c", image: "x" }], ...spec },
  });
  const service = (name: string, spec: object = {}) => ({
    metadata: { name, namespace: "default" },
    spec: { type: "ClusterIP", selector: { a: "b" }, ports: [{ port: 80, protocol: "TCP" }], ...spec },
  });

  it("gives a pod account, token volume, tolerations and priority", async () => {
    const { spec } = (await run("", "pods", pod("p"))) as ReturnType<typeof pod>;
    expect(spec).toMatchObject({
      serviceAccountName: "default",
      priority: 0,
      preemptionPolicy: "PreemptLowerPriority",
      containers: [{ volumeMounts: [{ mountPath: "/var/run/secrets/kubernetes.io/serviceaccount", readOnly: true }] }],
      tolerations: [{ key: "node.kubernetes.io/not-ready" }, { key: "node.kubernetes.io/unreachable" }],
      volumes: [
        { projected: { defaultMode: 420, sources: [{ serviceAccountToken: { expirationSeconds: 3607 } }, {}, {}] } },
      ],
    });
    const again = await run("", "pods", pod("q", { automountServiceAccountToken: false }));
    expect((again["spec"] as { volumes?: unknown }).volumes).toBeUndefined();
  });

  it("keeps objects out of namespaces that are missing or going", async () => {
    const missing = run("", "configmaps", { metadata: { name: "c" } }, { namespace: "nope" });
    const refused = expect(missing).rejects.toThrow('namespaces "nope" not found');
    await clock.advance(100);
    await refused;
    objects.put("", "namespaces", { metadata: { name: "going" }, status: { phase: "Terminating" } });
    await expect(run("", "configmaps", { metadata: { name: "c" } }, { namespace: "going" })).rejects.toThrow(
      'configmaps "c" is forbidden: unable to create new content in namespace going because it is being terminated',
    );
    await expect(run("", "namespaces", {}, { operation: "DELETE", name: "default", namespace: "" })).rejects.toThrow(
      'namespaces "default" is forbidden: this namespace may not be deleted',
    );
  });

  it("takes defaults and bounds from limit ranges", async () => {
    const limits = [
      { type: "Container", default: { cpu: "200m" }, defaultRequest: { cpu: "100m" }, max: { cpu: "1" } },
    ];
    objects.put("", "limitranges", { metadata: { name: "l", namespace: "default" }, spec: { limits } });
    const { spec, metadata } = (await run("", "pods", pod("p"))) as ReturnType<typeof pod> & UnknownObject;
    expect(spec.containers[0]).toMatchObject({ resources: { limits: { cpu: "200m" }, requests: { cpu: "100m" } } });
    expect(metadata.annotations).toEqual({
      "kubernetes.io/limit-ranger": "LimitRanger plugin set: cpu request for container c; cpu limit for container c",
    });
    const greedy = pod("p", {
      containers: [{ name: "c", resources: { limits: { cpu: "2" }, requests: { cpu: "2" } } }],
    });
    await expect(run("", "pods", greedy)).rejects.toThrow("maximum cpu usage per Container is 1, but limit is 2");
  });

  it("counts a quota's usage before a write, one at a time", async () => {
    objects.put("", "resourcequotas", {
      metadata: { name: "q", namespace: "default" },
      status: { hard: { pods: "2" }, used: { pods: "0" } },
    });
    const results = await Promise.allSettled(["a", "b", "c"].map((name) => run("", "pods", pod(name))));
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
    expect((results[2] as PromiseRejectedResult).reason.message).toBe(
      'pods "c" is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2',
    );
    expect(objects.get("", "resourcequotas", "default", "q")).toMatchObject({ status: { used: { pods: "2" } } });
  });

  it("counts the devices that claims ask for", async () => {
    const gold = "gold.deviceclass.resource.k8s.io/devices";
    objects.put("", "resourcequotas", {
      metadata: { name: "q", namespace: "default" },
      status: {
        hard: { [gold]: "3", "requests.example.com/gold": "9" },
        used: { [gold]: "0", "requests.example.com/gold": "0" },
      },
    });
    objects.put("resource.k8s.io", "deviceclasses", {
      metadata: { name: "gold" },
      spec: { extendedResourceName: "example.com/gold" },
    });
    const exactly = { deviceClassName: "gold", allocationMode: "ExactCount", count: 2 };
    const claim = { metadata: { name: "c" }, spec: { devices: { requests: [{ name: "r", exactly }] } } };
    await run("resource.k8s.io", "resourceclaims", claim);
    const used = { [gold]: "2", "requests.example.com/gold": "2" };
    expect(objects.get("", "resourcequotas", "default", "q")).toMatchObject({ status: { used } });
    await expect(run("resource.k8s.io", "resourceclaims", claim)).rejects.toThrow(
      `exceeded quota: q, requested: ${gold}=2, used: ${gold}=2, limited: ${gold}=3`,
    );
  });

  it("counts a claim by the class of attributes that its status names, even beyond the quota", async () => {
    objects.put("", "resourcequotas", {
      metadata: { name: "q", namespace: "default" },
      spec: {
        scopeSelector: { matchExpressions: [{ scopeName: "VolumeAttributesClass", operator: "In", values: ["gold"] }] },
      },
      status: { hard: { persistentvolumeclaims: "0" }, used: { persistentvolumeclaims: "0" } },
    });
    const claim = { metadata: { name: "c" }, spec: { volumeAttributesClassName: "tin" } };
    await run("", "persistentvolumeclaims", claim);
    await run(
      "",
      "persistentvolumeclaims",
      { ...claim, status: { currentVolumeAttributesClassName: "gold" } },
      { operation: "UPDATE", subresource: "status", oldObject: claim as UnknownObject },
    );
    const used = { persistentvolumeclaims: "1" };
    expect(objects.get("", "resourcequotas", "default", "q")).toMatchObject({ status: { used } });
  });

  it("enforces and warns by the namespace's Pod Security labels", async () => {
    const label = "pod-security.kubernetes.io/enforce";
    objects.put("", "namespaces", { metadata: { name: "default", labels: { [label]: "baseline" } } });
    await run("", "pods", pod("p"));
    await expect(
      run("", "pods", pod("p", { hostNetwork: true, volumes: [{ name: "h", hostPath: {} }] })),
    ).rejects.toThrow(
      'pods "p" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true), hostPath volumes (volume "h")',
    );
    const template = { spec: { containers: [], hostPID: true } };
    await run("apps", "deployments", { metadata: { name: "d" }, spec: { template } });
    expect(warnings).toEqual(['would violate PodSecurity "baseline:latest": host namespaces (hostPID=true)']);
  });

  it("lets nobody grant rules they do not hold", async () => {
    const rules = [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }];
    objects.put(rbac, "clusterroles", { metadata: { name: "pods" }, rules });
    const binding = { metadata: { name: "b" }, roleRef: { apiGroup: rbac, kind: "ClusterRole", name: "pods" } };
    const bind = () => run(rbac, "rolebindings", binding, { user: bob });
    await expect(bind()).rejects.toThrow('{APIGroups:[""], Resources:["pods"], Verbs:["get"]}');
    objects.put(rbac, "clusterrolebindings", { ...binding, subjects: [{ kind: "User", name: "bob" }] });
    await expect(bind()).resolves.toBeDefined();
  });

  it("lets a node change its own objects alone", async () => {
    const user = { username: "system:node:n1", groups: ["system:nodes"] };
    const node = { metadata: { name: "n2" }, spec: {} };
    await expect(run("", "nodes", node, { user, namespace: "" })).rejects.toThrow(
      'nodes "n2" is forbidden: node "n1" is not allowed to modify node "n2"',
    );
    await expect(run("", "pods", pod("p"), { user })).rejects.toThrow("can only create mirror pods");
  });

  describe("for Services", () => {
    type Spec = { clusterIP: string; ports: { nodePort?: number }[] };
    const specOf = (object: UnknownObject): Spec => object["spec"] as Spec;

    it("gives each a free address until there are none, and takes back what a deletion frees", async () => {
      const seen = new Set<string>();
      for (let index = 0; index < 6; index++) {
        const created = await run("", "services", service(`s${index}`));
        objects.put("", "services", created);
        seen.add(specOf(created).clusterIP);
      }
      expect([...seen].sort()).toEqual([1, 2, 3, 4, 5, 6].map((last) => `10.96.0.${last}`));
      await expect(run("", "services", service("more"))).rejects.toThrow("range is full");
      objects.remove("", "services", "default", "s3");
      await expect(run("", "services", service("more"))).resolves.toBeDefined();
    });

    it("holds a claim for its own Service only, and lets it lapse when the write failed", async () => {
      const wanted = service("a", { clusterIP: "10.96.0.3" });
      await run("", "services", wanted);
      await run("", "services", wanted);
      const other = service("b", { clusterIP: "10.96.0.3" });
      await expect(run("", "services", other)).rejects.toThrow(
        'spec.clusterIPs: Invalid value: ["10.96.0.3"]: failed to allocate IP 10.96.0.3: provided IP is already allocated',
      );
      await clock.advance(60_000);
      await expect(run("", "services", other)).resolves.toBeDefined();
    });

    it("takes addresses from the ServiceCIDRs that are ready, and from them alone", async () => {
      const group = "networking.k8s.io";
      const range = (name: string, cidr: string, status?: string, deletionTimestamp?: string) =>
        objects.put(group, "servicecidrs", {
          metadata: { name, ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }) },
          spec: { cidrs: [cidr] },
          status: { conditions: status === undefined ? [] : [{ type: "Ready", status }] },
        });
      const addressOf = async (name: string, spec = {}) =>
        specOf(await run("", "services", service(name, spec))).clusterIP;
      const mismatch = "failed to allocate IP 203.0.113.10: the provided network does not match the current range";
      range("kubernetes", "10.96.0.0/29");
      for (let last = 1; last <= 6; last++) await addressOf(`s${last}`, { clusterIP: `10.96.0.${last}` });
      range("more", "203.0.113.8/29");
      await expect(addressOf("early", { clusterIP: "203.0.113.10" })).rejects.toThrow(mismatch);
      range("more", "203.0.113.8/29", "True");
      expect(await addressOf("next")).toMatch(/^203\.0\.113\.(9|1[0-4])$/);
      range("more", "203.0.113.8/29", "True", "2026-11-23T00:00:00Z");
      await expect(addressOf("late")).rejects.toThrow("range is full");
      await expect(addressOf("late", { clusterIP: "203.0.113.15" })).rejects.toThrow("does not match");
    });

    it("leaves out an address that an IPAddress of somebody else has", async () => {
      const gateway = { spec: { parentRef: { group: "gateway.networking.k8s.io", resource: "gateways", name: "g" } } };
      for (const last of [1, 2, 3, 4, 5]) {
        objects.put("networking.k8s.io", "ipaddresses", { metadata: { name: `10.96.0.${last}` }, ...gateway });
      }
      expect(specOf(await run("", "services", service("a"))).clusterIP).toBe("10.96.0.6");
      const wanted = run("", "services", service("b", { clusterIP: "10.96.0.2" }));
      await expect(wanted).rejects.toThrow("failed to allocate IP 10.96.0.2: provided IP is already allocated");
    });

    it("keeps an IPAddress for each cluster IP, and makes it again when it is gone or wrong", async () => {
      const group = "networking.k8s.io";
      const created = await run("", "services", service("a", { clusterIP: "10.96.0.3" }));
      const settle = () => new Promise((resolve) => setImmediate(resolve));
      const parent = () => objects.get(group, "ipaddresses", "", "10.96.0.3")?.["spec"];
      const right = { parentRef: { group: "", resource: "services", namespace: "default", name: "a" } };
      objects.put("", "services", created);
      await settle();
      expect(parent()).toEqual(right);
      objects.remove(group, "ipaddresses", "", "10.96.0.3");
      await settle();
      expect(parent()).toEqual(right);
      expect(objects.list("events.k8s.io", "events")).toMatchObject([
        { reason: "ClusterIPNotAllocated", note: "Cluster IP [IPv4]: 10.96.0.3 is not allocated; repairing" },
      ]);
      const wrong = { parentRef: { ...right.parentRef, resource: "gateways" } };
      objects.put(group, "ipaddresses", { metadata: { name: "10.96.0.3" }, spec: wrong });
      await settle();
      expect(parent()).toEqual(right);
      objects.remove("", "services", "default", "a");
      await settle();
      expect(parent()).toBeUndefined();
    });

    it("claims nothing in a dry run", async () => {
      await run("", "services", service("a", { clusterIP: "10.96.0.3" }), { dryRun: true });
      await expect(run("", "services", service("b", { clusterIP: "10.96.0.3" }))).resolves.toBeDefined();
    });

    it("keeps address and node port over an update that leaves them out", async () => {
      const old = await run("", "services", service("a", { type: "NodePort" }));
      objects.put("", "services", old);
      const { clusterIP, ports } = specOf(old);
      const same = await run("", "services", service("a", { type: "NodePort" }), {
        operation: "UPDATE",
        oldObject: old,
      });
      expect(specOf(same)).toMatchObject({ clusterIP, ports });
    });

    it.each([
      [
        "outside the range",
        { type: "NodePort", ports: [{ port: 80, nodePort: 80 }] },
        "The range of valid ports is 30000-32767",
      ],
      ["of a family the cluster has not", { ipFamilies: ["IPv6"] }, "not configured on this cluster"],
      ["of two families at once", { ipFamilyPolicy: "RequireDualStack" }, "not configured for dual-stack services"],
    ])("refuses what is %s", async (_what, spec, message) => {
      await expect(run("", "services", service("a", spec))).rejects.toThrow(message);
    });
  });
});
