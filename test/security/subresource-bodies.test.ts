/**
 * What validates a change of a subresource looks at what is stored of it: no field of the body that is dropped there
 * speaks for the object, and what is stored is as valid as when it is made.
 */
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { TestClient } from "../../src/apiserver/client-for-test.ts";
import { startForTest, type TestServer } from "../../src/apiserver/start-for-test.ts";

let server: TestServer;
let client: TestClient;
const namespace = "/api/v1/namespaces/walled";
const pod = `${namespace}/pods/one`;
const restricted = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  runAsNonRoot: true,
  seccompProfile: { type: "RuntimeDefault" },
};

beforeAll(async () => {
  server = await startForTest();
  client = new TestClient(server);
  const labels = { "pod-security.kubernetes.io/enforce": "restricted" };
  await client.post("/api/v1/namespaces", { metadata: { name: "walled", labels } });
  await client.post(`${namespace}/serviceaccounts`, { metadata: { name: "default" } });
  const container = {
    name: "a",
    image: "a",
    securityContext: restricted,
    resources: { requests: { cpu: "1", memory: "1Mi" } },
  };
  const made = await client.post(`${namespace}/pods`, { metadata: { name: "one" }, spec: { containers: [container] } });
  expect(made.code).toBe(201);
});
afterAll(async () => {
  client.close();
  await server.stop();
});

const spec = async () => (await client.get(pod)).body.spec;

async function debug(container: object, podFields: object = {}) {
  const body = { ...(await spec()), ...podFields, ephemeralContainers: [{ name: "e", image: "e", ...container }] };
  return client.put(`${pod}/ephemeralcontainers`, { metadata: { name: "one" }, spec: body });
}

it.each([
  ["a user namespace", { hostUsers: false }],
  ["Windows", { os: { name: "windows" } }],
  ["a pod that asks for it", { securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } } }],
])("holds ephemeral containers to the namespace's level, though the body speaks of %s", async (_, podFields) => {
  const answer = await debug({ securityContext: { capabilities: { add: ["SYS_ADMIN"] }, runAsUser: 0 } }, podFields);
  expect([answer.code, answer.body.message]).toEqual([
    403,
    expect.stringContaining('violates PodSecurity "restricted'),
  ]);
  const rootless = { ...restricted, runAsNonRoot: undefined };
  const root = await debug({ securityContext: rootless }, podFields);
  expect([root.code, root.body.message]).toEqual([403, expect.stringContaining("runAsNonRoot != true")]);
});

it.each([
  ["name", { name: "../../../../x" }],
  ["resources", { resources: { requests: { cpu: "-5" } } }],
  ["volumeMounts[0].name", { volumeMounts: [{ name: "none", mountPath: "/x" }] }],
  ["lifecycle", { lifecycle: {} }],
])("validates ephemeral containers as containers: %s", async (field, more) => {
  const answer = await debug({ securityContext: restricted, ...more });
  expect([answer.code, answer.body.message]).toEqual([
    422,
    expect.stringContaining(`spec.ephemeralContainers[0].${field}`),
  ]);
});

it("adds an ephemeral container that is as it should be", async () => {
  expect((await debug({ securityContext: restricted })).body.spec.ephemeralContainers).toMatchObject([{ name: "e" }]);
});

it("counts a resize as the pod is, whatever its body says of phase and class", async () => {
  const hard = { "requests.cpu": "2" };
  await client.post(`${namespace}/resourcequotas`, { metadata: { name: "q" }, spec: { hard } });
  await client.put(`${namespace}/resourcequotas/q/status`, {
    metadata: { name: "q" },
    spec: { hard },
    status: { hard, used: { "requests.cpu": "1" } },
  });
  const resize = async (cpu: string, more: object = {}) => {
    const before = await spec();
    const containers = [{ ...before.containers[0], resources: { requests: { cpu, memory: "1Mi" } } }];
    return client.put(`${pod}/resize`, { metadata: { name: "one" }, spec: { ...before, containers }, ...more });
  };
  const finished = await resize("50", { status: { phase: "Succeeded" } });
  expect([finished.code, finished.body.message]).toEqual([403, expect.stringContaining("exceeded quota: q")]);
  const negative = await resize("-50");
  expect([negative.code, negative.body.message]).toEqual([422, expect.stringContaining("greater than or equal to 0")]);
  expect((await resize("2")).body.spec.containers[0].resources).toMatchObject({ requests: { cpu: "2" } });
  expect((await client.get(`${namespace}/resourcequotas/q`)).body.status.used).toEqual(hard);
});

it("finalizes no namespace in a dry run", async () => {
  const answer = await client.put("/api/v1/namespaces/walled/finalize?dryRun=All", { metadata: { name: "walled" } });
  expect([answer.code, answer.body.spec.finalizers]).toEqual([200, []]);
  expect((await client.get("/api/v1/namespaces/walled")).body.spec.finalizers).toEqual(["kubernetes"]);
});

it("holds a Scale to the bounds of the object that it scales", async () => {
  const spec = {
    type: "object",
    properties: { replicas: { type: "integer", maximum: 5 } },
    "x-kubernetes-validations": [{ rule: "self.replicas < 4" }],
  };
  const scale = { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas" };
  const schema = { openAPIV3Schema: { type: "object", properties: { spec } } };
  const versions = [{ name: "v1", served: true, storage: true, schema, subresources: { scale } }];
  const names = { plural: "things", singular: "thing", kind: "Thing", listKind: "ThingList" };
  const definition = {
    metadata: { name: "things.e.com" },
    spec: { group: "e.com", scope: "Namespaced", names, versions },
  };
  await client.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition);
  const things = "/apis/e.com/v1/namespaces/walled/things";
  await vi.waitFor(async () => expect((await client.get(things)).code).toBe(200), { timeout: 60_000 });
  await client.post(things, { apiVersion: "e.com/v1", kind: "Thing", metadata: { name: "a" }, spec: { replicas: 1 } });
  const scaled = async (replicas: number) =>
    client.put(`${things}/a/scale`, { metadata: { name: "a" }, spec: { replicas } });
  expect((await scaled(100)).body.message).toContain("should be less than or equal to 5");
  expect((await scaled(4)).body.message).toContain("failed rule: self.replicas < 4");
  expect((await client.patch(`${things}/a/scale`, { spec: { replicas: 100 } })).code).toBe(422);
  expect((await scaled(3)).body.spec).toEqual({ replicas: 3 });
});
