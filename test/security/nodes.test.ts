/** What the certificate of one node may do: report on itself and its pods, read what they use, and nothing of others. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startForTest, type TestServer } from "../../src/apiserver/start-for-test.ts";
import { createClient } from "../../src/client/client.ts";
import type { Client } from "../../src/client/types.ts";
import { issueCertificate } from "../../src/lib/certificates.ts";

let server: TestServer;
let admin: Client;
let node: Client;
let uids: Record<string, string>;

async function connectAs(commonName: string, ...organizations: string[]): Promise<Client> {
  const { authority, ca } = server.pki;
  const issued = await issueCertificate({ authority, commonName, organizations, usages: ["client"], validityDays: 1 });
  const credentials = { ca, cert: issued.certificate, key: issued.privateKey };
  return createClient({ server: server.url, ...credentials, userAgent: "test" });
}

const core = "/api/v1/namespaces/default";
const merge = { contentType: "application/merge-patch+json" };

const pod = (name: string, nodeName: string, more: object = {}): object => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name },
  spec: { nodeName, containers: [{ name: "c", image: "i" }], ...more },
});

const claim = { resources: { requests: { storage: "1Gi" } }, accessModes: ["ReadWriteOnce"], storageClassName: "" };
const audience = { projected: { sources: [{ serviceAccountToken: { path: "t", audience: "vault" } }] } };

beforeAll(async () => {
  server = await startForTest();
  admin = await connectAs("kubernetes-admin", "system:masters");
  node = await connectAs("system:node:mine", "system:nodes");
  const create = async (path: string, object: object): Promise<string> => {
    const { metadata } = await admin.request<{ metadata: { uid: string } }>("POST", path, object);
    return metadata.uid;
  };
  const named = (kind: string, name: string, more: object = {}): object => ({
    apiVersion: "v1",
    kind,
    metadata: { name },
    ...more,
  });
  uids = {
    mine: await create("/api/v1/nodes", named("Node", "mine")),
    other: await create("/api/v1/nodes", named("Node", "other")),
  };
  await create(`${core}/serviceaccounts`, named("ServiceAccount", "default"));
  await create(`${core}/secrets`, named("Secret", "used"));
  await create(`${core}/secrets`, named("Secret", "unused"));
  await create(`${core}/persistentvolumeclaims`, named("PersistentVolumeClaim", "claim", { spec: claim }));
  const volumes = [
    { name: "secret", secret: { secretName: "used" } },
    { name: "claim", persistentVolumeClaim: { claimName: "claim" } },
    { name: "vault", ...audience },
  ];
  uids["here"] = await create(`${core}/pods`, pod("here", "mine", { volumes }));
  uids["there"] = await create(`${core}/pods`, pod("there", "other"));
  for (const name of ["mine", "other"]) {
    await create("/apis/resource.k8s.io/v1/resourceslices", {
      ...named("ResourceSlice", name),
      apiVersion: "resource.k8s.io/v1",
      spec: { nodeName: name, driver: "d.example", pool: { name, generation: 1, resourceSliceCount: 1 } },
    });
  }
});

afterAll(() => server.stop());

const refused = (message: string | RegExp) => ({
  status: { code: 403, reason: "Forbidden", message: expect.stringMatching(message) },
});

describe("reads", () => {
  it.each([
    ["what its pods use", `${core}/secrets/used`],
    ["its pods", "/api/v1/pods?fieldSelector=spec.nodeName%3Dmine"],
    ["its Node", "/api/v1/nodes/mine"],
    ["its slices", "/apis/resource.k8s.io/v1/resourceslices?fieldSelector=spec.nodeName%3Dmine"],
  ])("%s", async (_, path) => {
    await node.request("GET", path);
  });

  it.each([
    ["a Secret that none of its pods uses", `${core}/secrets/unused`, "no relationship found"],
    ["all Secrets", "/api/v1/secrets", "can only read namespaced object"],
    ["all Secrets of a namespace", `${core}/secrets`, "No Object name found"],
    ["all pods", "/api/v1/pods", "can only list/watch pods with spec.nodeName field selector"],
    ["pods of others", "/api/v1/pods?fieldSelector=spec.nodeName%3Dother", "can only list/watch pods"],
    ["pods of all but itself", "/api/v1/pods?fieldSelector=spec.nodeName!%3Dmine", "can only list/watch pods"],
    [
      "all pods, by a value that has its own selector in it",
      `/api/v1/pods?fieldSelector=${encodeURIComponent("metadata.name!=x\\,spec.nodeName=mine")}`,
      "can only list/watch pods",
    ],
    ["another Node", "/api/v1/nodes/other", "only its own Node object"],
    ["another's slice", "/apis/resource.k8s.io/v1/resourceslices/other", "no relationship found"],
    ["all slices", "/apis/resource.k8s.io/v1/resourceslices", "with nodeName field selector"],
    ["logs", `${core}/pods/here/log`, "forbidden"],
    ["another kubelet", "/api/v1/nodes/other/proxy/pods", "forbidden"],
  ])("not %s", async (_, path, message) => {
    await expect(node.request("GET", path)).rejects.toMatchObject(refused(message));
  });
});

/** A selector beside a name: both say what is watched, and one of them was authorized. */
describe("a watch of one object by the deprecated path", () => {
  const watched = "/api/v1/watch/namespaces/default/secrets/used?timeoutSeconds=1";

  it.each([
    ["", "used"],
    ["&fieldSelector=metadata.name%3Dused", "used"],
  ])("is of that object, with '%s'", async (selector, name) => {
    const event = await node.request<{ object: { metadata: { name: string } } }>("GET", watched + selector);
    expect(event.object.metadata.name).toBe(name);
  });

  it.each(["metadata.name=unused", "metadata.name!=used", "metadata.namespace=default", "type=Opaque"])(
    "is of no other, with %s",
    async (selector) => {
      await expect(
        node.request("GET", `${watched}&fieldSelector=${encodeURIComponent(selector)}`),
      ).rejects.toMatchObject({
        status: { code: 400, message: "fieldSelector metadata.name doesn't match requested name" },
      });
    },
  );
});

it("takes no other part of the pods' network than it was given, by neither name of it", async () => {
  const ranges = { podCIDR: "10.244.7.0/24", podCIDRs: ["10.244.7.0/24"] };
  await admin.request("PATCH", "/api/v1/nodes/mine", { spec: ranges }, merge);
  for (const spec of [
    { podCIDR: "10.244.8.0/24" },
    { podCIDRs: ["10.244.8.0/24"], podCIDR: null },
    { podCIDR: "default" },
  ]) {
    await expect(node.request("PATCH", "/api/v1/nodes/mine", { spec }, merge)).rejects.toMatchObject({
      status: { code: 422, message: expect.stringMatching("spec.podCIDRs") },
    });
  }
  await node.request("PATCH", "/api/v1/nodes/mine", { spec: { podCIDRs: ["10.244.8.0/24"] } }, merge);
  expect(await node.request("GET", "/api/v1/nodes/mine")).toMatchObject({ spec: ranges });
});

describe("kube-proxy's certificate, which is on every node", () => {
  it.each([
    ["GET", `${core}/pods`],
    ["GET", `${core}/secrets`],
    ["PATCH", `${core}/services/any/status`],
    ["PATCH", "/apis/networking.k8s.io/v1/namespaces/default/ingresses/any/status"],
    ["PATCH", "/api/v1/nodes/mine/status"],
    ["POST", "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"],
  ])("does not let it %s %s", async (method, path) => {
    const proxy = await connectAs("system:kube-proxy", "system:node-proxier");
    const body = method === "GET" ? undefined : {};
    await expect(proxy.request(method, path, body, merge)).rejects.toMatchObject(refused("forbidden"));
  });
});

interface Attempt {
  readonly method: string;
  readonly path: string;
  readonly body?: () => object;
  readonly message: string;
}

const mirror = (more: object = {}): object => {
  const owner = { apiVersion: "v1", kind: "Node", name: "mine", uid: uids["mine"], controller: true };
  const { spec, ...rest } = pod("mirror-mine", "mine") as { spec: object };
  const metadata = {
    name: "mirror-mine",
    annotations: { "kubernetes.io/config.mirror": "x" },
    ownerReferences: [owner],
  };
  return { ...rest, metadata, spec: { ...spec, ...more } };
};

const token = (more: object, name = "here"): object => ({
  apiVersion: "authentication.k8s.io/v1",
  kind: "TokenRequest",
  spec: { boundObjectRef: { apiVersion: "v1", kind: "Pod", name, uid: uids[name] }, ...more },
});

const tokens = `${core}/serviceaccounts/default/token`;
const slice = (nodeName: string, name: string): object => ({
  apiVersion: "resource.k8s.io/v1",
  kind: "ResourceSlice",
  metadata: { name },
  spec: { nodeName, driver: "d.example", pool: { name: nodeName, generation: 1, resourceSliceCount: 1 } },
});

const lease = (name: string): object => ({
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: { name },
  spec: {},
});

describe("writes", () => {
  it.each([
    ["a mirror pod", "POST", `${core}/pods`, () => mirror()],
    ["tokens of its pods", "POST", tokens, () => token({ audiences: ["vault"] })],
    ["its status", "PATCH", "/api/v1/nodes/mine/status", () => ({ status: { phase: "Running" } })],
    ["its pods' status", "PATCH", `${core}/pods/here/status`, () => ({ status: { phase: "Running" } })],
    ["its slices", "POST", "/apis/resource.k8s.io/v1/resourceslices", () => slice("mine", "new")],
    ["its lease", "POST", "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases", () => lease("mine")],
    [
      "what became of a claim",
      "PATCH",
      `${core}/persistentvolumeclaims/claim/status`,
      () => ({ status: { capacity: { storage: "2Gi" } } }),
    ],
  ] as const)("%s", async (_, method, path, body) => {
    await node.request(method, path, body(), method === "PATCH" ? merge : {});
  });

  const attempts: Record<string, Attempt> = {
    "a pod": { method: "POST", path: `${core}/pods`, body: () => pod("p", "mine"), message: "only create mirror pods" },
    "a mirror pod that reads a Secret": {
      method: "POST",
      path: `${core}/pods`,
      body: () => mirror({ volumes: [{ name: "v", secret: { secretName: "unused" } }] }),
      message: "can not create pods that reference secrets",
    },
    "a mirror pod with a Secret in its environment": {
      method: "POST",
      path: `${core}/pods`,
      body: () => mirror({ containers: [{ name: "c", image: "i", envFrom: [{ secretRef: { name: "unused" } }] }] }),
      message: "can not create pods that reference secrets",
    },
    "a mirror pod with a token": {
      method: "POST",
      path: `${core}/pods`,
      body: () => mirror({ volumes: [{ name: "v", ...audience }] }),
      message: "can not create pods that reference serviceaccounts",
    },
    "another's pod's end": { method: "DELETE", path: `${core}/pods/there`, message: "can only delete pods" },
    "another's pod's eviction": {
      method: "POST",
      path: `${core}/pods/there/eviction`,
      body: () => ({ apiVersion: "policy/v1", kind: "Eviction", metadata: { name: "there" } }),
      message: "can only evict pods",
    },
    "another's pod's status": {
      method: "PATCH",
      path: `${core}/pods/there/status`,
      body: () => ({ status: { phase: "Failed" } }),
      message: "can only update pod status",
    },
    "labels by way of a pod's status": {
      method: "PATCH",
      path: `${core}/pods/here/status`,
      body: () => ({ metadata: { labels: { app: "db" } } }),
      message: "cannot update labels through pod status",
    },
    "a pod's claims": {
      method: "PATCH",
      path: `${core}/pods/here/status`,
      body: () => ({ status: { resourceClaimStatuses: [{ name: "x", resourceClaimName: "of-another" }] } }),
      message: "cannot update resource claim statues",
    },
    "a claim's annotations": {
      method: "PATCH",
      path: `${core}/persistentvolumeclaims/claim/status`,
      body: () => ({ metadata: { annotations: { a: "b" } } }),
      message: "is not allowed to update fields other than",
    },
    "a claim's phase": {
      method: "PATCH",
      path: `${core}/persistentvolumeclaims/claim/status`,
      body: () => ({ status: { phase: "Lost" } }),
      message: "is not allowed to update fields other than",
    },
    "a token bound to nothing": {
      method: "POST",
      path: tokens,
      body: () => token({ boundObjectRef: undefined }),
      message: "node requested token not bound to a pod",
    },
    "a token bound to another's pod": {
      method: "POST",
      path: tokens,
      body: () => token({}, "there"),
      message: "bound to a pod scheduled on a different node",
    },
    "a token for an audience that the pod does not name": {
      method: "POST",
      path: tokens,
      body: () => token({ audiences: ["bank"] }),
      message: 'audience "bank" not found in pod spec volume',
    },
    "a token for two audiences": {
      method: "POST",
      path: tokens,
      body: () => token({ audiences: ["vault", "bank"] }),
      message: "node may only request 0 or 1 audiences",
    },
    "its restricted labels": {
      method: "PATCH",
      path: "/api/v1/nodes/mine",
      body: () => ({ metadata: { labels: { "node-restriction.kubernetes.io/tier": "db" } } }),
      message: "is not allowed to modify labels",
    },
    "its role": {
      method: "PATCH",
      path: "/api/v1/nodes/mine",
      body: () => ({ metadata: { labels: { "node-role.kubernetes.io/control-plane": "" } } }),
      message: "is not allowed to modify labels",
    },
    "its taints": {
      method: "PATCH",
      path: "/api/v1/nodes/mine",
      body: () => ({ spec: { taints: [{ key: "k", effect: "NoSchedule" }] } }),
      message: "is not allowed to modify taints",
    },
    "its owners": {
      method: "PATCH",
      path: "/api/v1/nodes/mine",
      body: () => ({
        metadata: { ownerReferences: [{ apiVersion: "v1", kind: "Node", name: "other", uid: uids["other"] }] },
      }),
      message: "is not allowed to modify ownerReferences",
    },
    "another Node": {
      method: "PATCH",
      path: "/api/v1/nodes/other/status",
      body: () => ({ status: { phase: "Terminated" } }),
      message: 'is not allowed to modify node "other"',
    },
    "its Node's end": { method: "DELETE", path: "/api/v1/nodes/mine", message: "forbidden" },
    "another's lease": {
      method: "POST",
      path: "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases",
      body: () => lease("other"),
      message: "can only access node lease with the same name",
    },
    "a lease of the system": {
      method: "POST",
      path: "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases",
      body: () => lease("mine"),
      message: 'can only access leases in the "kube-node-lease" system namespace',
    },
    "another's CSINode": {
      method: "POST",
      path: "/apis/storage.k8s.io/v1/csinodes",
      body: () => ({
        apiVersion: "storage.k8s.io/v1",
        kind: "CSINode",
        metadata: { name: "other" },
        spec: { drivers: [] },
      }),
      message: "can only access CSINode with the same name",
    },
    "another's slice": {
      method: "POST",
      path: "/apis/resource.k8s.io/v1/resourceslices",
      body: () => slice("other", "forged"),
      message: "can only create ResourceSlice with the same NodeName",
    },
    "all slices' end": {
      method: "DELETE",
      path: "/apis/resource.k8s.io/v1/resourceslices",
      message: "with nodeName field selector",
    },
    "a Secret": {
      method: "PATCH",
      path: `${core}/secrets/used`,
      body: () => ({ stringData: { a: "b" } }),
      message: "can only read resources of this type",
    },
    "its own rights": {
      method: "POST",
      path: "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
      body: () => ({
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "ClusterRoleBinding",
        metadata: { name: "up" },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
        subjects: [],
      }),
      message: "forbidden",
    },
  };

  it.each(Object.entries(attempts))("not %s", async (_, { method, path, body, message }) => {
    const options = method === "PATCH" ? merge : {};
    await expect(node.request(method, path, body?.(), options)).rejects.toMatchObject(refused(message));
  });
});
