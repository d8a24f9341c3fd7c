import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestClient } from "./client-for-test.ts";
import { startForTest, type TestServer } from "./start-for-test.ts";

let server: TestServer;
let client: TestClient;
const configMaps = "/api/v1/namespaces/default/configmaps";
const configMap = (name: string, data: Record<string, string> = {}, labels: Record<string, string> = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, labels },
  data,
});

beforeAll(async () => {
  server = await startForTest();
  client = new TestClient(server);
});

afterAll(async () => {
  client.close();
  await server.stop();
});

describe("create", () => {
  it("fills what the server owns, and refuses a second one", async () => {
    const { code, body } = await client.post(configMaps, {
      ...configMap("created", { a: "1" }),
      metadata: { name: "created", uid: "mine", creationTimestamp: "2000-01-01T00:00:00Z", selfLink: "/x" },
    });
    expect(code).toBe(201);
    expect(body.metadata).toMatchObject({ name: "created", namespace: "default" });
    expect(body.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(body.metadata.creationTimestamp).not.toBe("2000-01-01T00:00:00Z");
    expect(Number(body.metadata.resourceVersion)).toBeGreaterThan(1);
    expect((await client.get(`${configMaps}/created`)).body).toEqual(body);
    const second = await client.post(configMaps, configMap("created"));
    expect(second.code).toBe(409);
    expect(second.body).toMatchObject({
      kind: "Status",
      reason: "AlreadyExists",
      message: 'configmaps "created" already exists',
      details: { name: "created", kind: "configmaps" },
    });
  });

  it("makes names up", async () => {
    const { body } = await client.post(configMaps, { metadata: { generateName: "made-" } });
    expect(body.metadata.name).toMatch(/^made-[a-z0-9]{5}$/);
    expect(body).toMatchObject({ apiVersion: "v1", kind: "ConfigMap" });
  });

  it("stores nothing on a dry run", async () => {
    const { code, body } = await client.post(`${configMaps}?dryRun=All`, configMap("dry"));
    expect(code).toBe(201);
    expect(body.metadata.resourceVersion).toBeUndefined();
    expect(body.metadata.uid).toBeDefined();
    expect((await client.get(`${configMaps}/dry`)).code).toBe(404);
  });

  it("takes YAML", async () => {
    const body = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: from-yaml\ndata: {a: 'b'}\n";
    const answer = await client.send("POST", configMaps, { body, headers: { "content-type": "application/yaml" } });
    expect(answer.body).toMatchObject({ metadata: { name: "from-yaml" }, data: { a: "b" } });
  });

  it.each([
    ["Strict", 400, undefined],
    ["Warn", 201, '299 - "unknown field \\"spec.foo\\""'],
    ["Ignore", 201, undefined],
  ])("treats unknown fields as fieldValidation=%s says", async (validation, code, warning) => {
    const body = {
      metadata: { name: `validated-${validation.toLowerCase()}` },
      spec: { foo: 1, ports: [{ port: 80 }] },
    };
    const answer = await client.post(`/api/v1/namespaces/default/services?fieldValidation=${validation}`, body);
    expect(answer.code).toBe(code);
    expect(answer.headers["warning"]).toBe(warning);
    if (code === 400) {
      expect(answer.body.message).toBe(
        'Service in version "v1" cannot be handled as a Service: strict decoding error: unknown field "spec.foo"',
      );
    }
  });

  it.each([
    ["Strict", 400, []],
    ["Warn", 201, ['line 5: key "a" already set in map', 'line 7: key "b" already set in map', 'unknown field "foo"']],
    ["Ignore", 201, []],
  ])("treats keys that YAML has twice as fieldValidation=%s says", async (validation, code, warnings) => {
    const body = `metadata:\n  name: twice-${validation.toLowerCase()}\ndata:\n  a: x\n  a: z\n  b: x\n  b: z\nfoo: bar\n`;
    const path = `/api/v1/namespaces/default/configmaps?fieldValidation=${validation}`;
    const answer = await client.send("POST", path, { body, headers: { "content-type": "application/yaml" } });
    expect(answer.code).toBe(code);
    const shown = [answer.headers["warning"] ?? []].flat().join();
    for (const one of warnings) expect(shown).toContain(one.replaceAll('"', '\\"'));
    if (code === 201) expect(answer.body.data).toEqual({ a: "z", b: "z" });
    else
      expect(answer.body.message).toBe(
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: yaml: unmarshal errors:\n  line 5: key "a" already set in map\n  line 7: key "b" already set in map, unknown field "foo"',
      );
  });

  it.each([
    ["another namespace", { metadata: { name: "x", namespace: "other" } }, 400, "BadRequest"],
    ["another kind", { apiVersion: "v1", kind: "Secret", metadata: { name: "x" } }, 400, "BadRequest"],
    ["a bad name", { metadata: { name: "Bad_Name" } }, 422, "Invalid"],
    ["no name", { metadata: {} }, 422, "Invalid"],
    ["no JSON", "{", 400, "BadRequest"],
    ["no object", "[]", 400, "BadRequest"],
    [
      "a body that is too large",
      { metadata: { name: "x" }, data: { a: "x".repeat(4 << 20) } },
      413,
      "RequestEntityTooLarge",
    ],
  ])("refuses %s", async (_, body, code, reason) => {
    const answer = await client.post(configMaps, body);
    expect(answer.body).toMatchObject({ kind: "Status", status: "Failure", code, reason });
  });
});

describe("update and patch", () => {
  it("refuses a resourceVersion that is not the newest", async () => {
    const { body } = await client.post(configMaps, configMap("updated", { a: "1" }));
    const second = await client.put(`${configMaps}/updated`, { ...body, data: { a: "2" } });
    expect(second.body.data).toEqual({ a: "2" });
    const stale = await client.put(`${configMaps}/updated`, { ...body, data: { a: "3" } });
    expect(stale.code).toBe(409);
    expect(stale.body.message).toBe(
      'Operation cannot be fulfilled on configmaps "updated": the object has been modified; please apply your changes to the latest version and try again',
    );
    const same = await client.put(`${configMaps}/updated`, second.body);
    expect(same.body.metadata.resourceVersion).toBe(second.body.metadata.resourceVersion);
  });

  it("patches in three ways, and under contention", async () => {
    await client.post(configMaps, configMap("patched", { a: "1" }));
    const path = `${configMaps}/patched`;
    expect((await client.patch(path, { data: { b: "2", a: null } })).body.data).toEqual({ b: "2" });
    const operations = [{ op: "add", path: "/data/c", value: "3" }];
    expect((await client.patch(path, operations, "json")).body.data).toEqual({ b: "2", c: "3" });
    expect((await client.patch(path, { data: { c: null } }, "strategic-merge")).body.data).toEqual({ b: "2" });
    const many = Array.from({ length: 5 }, (_, index) => client.patch(path, { data: { [`k${index}`]: "x" } }));
    for (const { code } of await Promise.all(many)) expect(code).toBe(200);
    expect(Object.keys((await client.get(path)).body.data)).toHaveLength(6);
    expect((await client.patch(path, {}, "unknown")).code).toBe(415);
    expect((await client.patch(`${configMaps}/missing`, {})).code).toBe(404);
  });

  it("keeps spec and status apart, and counts generations", async () => {
    const deployments = "/apis/apps/v1/namespaces/default/deployments";
    const labels = { app: "web" };
    const { body } = await client.post(deployments, {
      metadata: { name: "web" },
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: "c", image: "i" }] } },
      },
      status: { replicas: 7 },
    });
    expect(body.metadata.generation).toBe(1);
    expect(body.spec.replicas).toBe(1);
    expect(body.status).toEqual({});
    const both = { spec: { replicas: 2 }, status: { replicas: 5 } };
    const main = (await client.patch(`${deployments}/web`, both)).body;
    expect([main.metadata.generation, main.spec.replicas, main.status]).toEqual([2, 2, {}]);
    const status = (await client.patch(`${deployments}/web/status`, { spec: { replicas: 9 }, status: { replicas: 5 } }))
      .body;
    expect([status.metadata.generation, status.spec.replicas, status.status.replicas]).toEqual([2, 2, 5]);
  });
});

describe("delete", () => {
  it("waits for finalizers", async () => {
    const path = `${configMaps}/finalized`;
    await client.post(configMaps, { metadata: { name: "finalized", finalizers: ["example.com/wait"] } });
    const marked = await client.delete(path);
    expect(marked.body.metadata.deletionTimestamp).toBeDefined();
    expect((await client.get(path)).code).toBe(200);
    expect((await client.patch(path, { metadata: { finalizers: null } })).code).toBe(200);
    expect((await client.get(path)).code).toBe(404);
  });

  it("answers a Status, checks preconditions and sets the garbage collector's finalizers", async () => {
    const { body } = await client.post(configMaps, configMap("deleted"));
    const path = `${configMaps}/deleted`;
    const refused = await client.delete(path, { preconditions: { uid: "other" } });
    expect(refused.body).toMatchObject({ code: 409, reason: "Conflict" });
    const marked = await client.delete(`${path}?propagationPolicy=Foreground`);
    expect(marked.body.metadata.finalizers).toEqual(["foregroundDeletion"]);
    await client.patch(path, { metadata: { finalizers: null } });
    await client.post(configMaps, configMap("deleted"));
    expect((await client.delete(path)).body).toMatchObject({
      status: "Success",
      details: { name: "deleted", kind: "configmaps" },
    });
    expect(body.metadata.uid).toBeDefined();
  });

  it("keeps the pods of a job that is deleted without a word about them, and says so", async () => {
    const jobs = "/apis/batch/v1/namespaces/default/jobs";
    const spec = { template: { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "i" }] } } };
    await client.post(jobs, { metadata: { name: "kept", finalizers: ["test/hold"] }, spec });
    const { body, headers } = await client.delete(`${jobs}/kept`);
    expect(body.metadata.finalizers).toContain("orphan");
    expect(String(headers["warning"])).toContain("child pods are preserved by default when jobs are deleted");
    await client.patch(`${jobs}/kept`, { metadata: { finalizers: null } });
  });

  it("deletes collections by label", async () => {
    for (const name of ["c1", "c2"]) await client.post(configMaps, configMap(name, {}, { group: "c" }));
    const { body } = await client.delete(`${configMaps}?labelSelector=group%3Dc`);
    expect(body.kind).toBe("ConfigMapList");
    expect((await client.get(`${configMaps}?labelSelector=group%3Dc`)).body.items).toEqual([]);
  });

  it("keeps a bound pod for its grace period, and marks a namespace as terminating", async () => {
    await client.post("/api/v1/namespaces", { metadata: { name: "leaving" } });
    await client.post("/api/v1/namespaces/leaving/serviceaccounts", { metadata: { name: "default" } });
    const spec = { nodeName: "n", containers: [{ name: "c", image: "i" }] };
    await client.post("/api/v1/namespaces/leaving/pods", { metadata: { name: "p" }, spec });
    const pod = await client.delete("/api/v1/namespaces/leaving/pods/p");
    expect(pod.body.metadata.deletionGracePeriodSeconds).toBe(30);
    const now = await client.delete("/api/v1/namespaces/leaving/pods/p?gracePeriodSeconds=0");
    expect(now.code).toBe(200);
    expect((await client.get("/api/v1/namespaces/leaving/pods/p")).code).toBe(404);
    const namespace = await client.delete("/api/v1/namespaces/leaving");
    expect(namespace.body.status.phase).toBe("Terminating");
    const into = await client.post("/api/v1/namespaces/leaving/configmaps", configMap("late"));
    expect(into.body).toMatchObject({ code: 403, reason: "Forbidden" });
    await client.put("/api/v1/namespaces/leaving/finalize", { ...namespace.body, spec: { finalizers: [] } });
    expect((await client.get("/api/v1/namespaces/leaving")).code).toBe(404);
  });
});

describe("list", () => {
  it("pages through one snapshot", async () => {
    for (const name of ["l1", "l2", "l3", "l4"]) await client.post(configMaps, configMap(name, {}, { list: "x" }));
    const first = (await client.get(`${configMaps}?limit=2`)).body;
    expect(first.items).toHaveLength(2);
    expect(first.metadata.remainingItemCount).toBeGreaterThan(1);
    await client.delete(`${configMaps}/l4`);
    await client.post(configMaps, configMap("l5"));
    const rest = (await client.get(`${configMaps}?continue=${first.metadata.continue}`)).body;
    const names = rest.items.map((item: { metadata: { name: string } }) => item.metadata.name);
    expect(names).toContain("l4");
    expect(names).not.toContain("l5");
    expect(rest.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
    const exact = await client.get(
      `${configMaps}?resourceVersion=${first.metadata.resourceVersion}&resourceVersionMatch=Exact`,
    );
    expect(exact.body.items).toHaveLength(2 + rest.items.length);
  });

  it.each([
    ["?labelSelector=list%3Dx&limit=1", 200, undefined],
    ["?labelSelector=a%20b%20c", 400, "BadRequest"],
    ["?fieldSelector=spec.foo%3D1", 400, "BadRequest"],
    ["?continue=nonsense", 400, "BadRequest"],
    ["?resourceVersionMatch=Exact", 422, "Invalid"],
    ["?resourceVersion=abc", 400, "BadRequest"],
    ["?sendInitialEvents=true", 422, "Invalid"],
  ])("answers %s with %i", async (query, code, reason) => {
    const answer = await client.get(configMaps + query);
    expect(answer.code).toBe(code);
    expect(answer.body.reason).toBe(reason);
  });

  it("gives tables and metadata alone", async () => {
    const table = await client.get(configMaps, {
      accept: "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
    });
    expect(table.body).toMatchObject({ kind: "Table", apiVersion: "meta.k8s.io/v1" });
    expect(table.body.rows[0].object.kind).toBe("PartialObjectMetadata");
    const partial = await client.get(configMaps, {
      accept: "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
    });
    expect(partial.body.kind).toBe("PartialObjectMetadataList");
    expect(partial.body.items[0].data).toBeUndefined();
    expect((await client.get(configMaps, { accept: "text/html" })).code).toBe(406);
    const protobuf = await client.get(configMaps, { accept: "application/vnd.kubernetes.protobuf" });
    expect(protobuf.text.startsWith("k8s\0")).toBe(true);
  });
});

describe("watch", () => {
  const watched = `${configMaps}?watch=true&labelSelector=watch%3Dyes`;

  it("sends the state, an end mark, and then changes as a selector sees them", async () => {
    await client.post(configMaps, configMap("w1", {}, { watch: "yes" }));
    const watch = await client.watch(
      `${watched}&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
    );
    await watch.until(2);
    expect(watch.events[1]?.object.metadata.annotations).toEqual({ "k8s.io/initial-events-end": "true" });
    await client.patch(`${configMaps}/w1`, { data: { a: "1" } });
    await client.patch(`${configMaps}/w1`, { metadata: { labels: { watch: "no" } } });
    await client.patch(`${configMaps}/w1`, { metadata: { labels: { watch: "yes" } } });
    const { body } = await client.get(`${configMaps}/w1`);
    await client.delete(`${configMaps}/w1`);
    await watch.until(6);
    watch.stop();
    expect(watch.events.map((event) => event.type)).toEqual([
      "ADDED",
      "BOOKMARK",
      "MODIFIED",
      "DELETED",
      "ADDED",
      "DELETED",
    ]);
    const revisions = watch.events.slice(2).map((event) => Number(event.object.metadata.resourceVersion));
    expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
    expect(revisions[2]).toBe(Number(body.metadata.resourceVersion));
    expect(revisions[3]).toBeGreaterThan(revisions[2] ?? 0);
  });

  it("says how far it came before it ends", async () => {
    const watch = await client.watch(
      `${configMaps}?watch=true&resourceVersion=0&allowWatchBookmarks=true&timeoutSeconds=1&fieldSelector=metadata.name%3Dnone`,
    );
    await watch.until(Number.MAX_SAFE_INTEGER);
    expect(watch.events.map((event) => event.type)).toEqual(["BOOKMARK"]);
    expect(Number(watch.events[0]?.object.metadata.resourceVersion)).toBeGreaterThan(1);
  });

  it("goes on from a resourceVersion, and tells of the future", async () => {
    const { body } = await client.post(configMaps, configMap("w2", {}, { watch: "yes" }));
    await client.patch(`${configMaps}/w2`, { data: { a: "1" } });
    const watch = await client.watch(`${watched}&resourceVersion=${body.metadata.resourceVersion}&timeoutSeconds=1`);
    await watch.until(2);
    expect(watch.events.map((event) => [event.type, event.object.data.a])).toEqual([["MODIFIED", "1"]]);
    const future = await client.get(`${watched}&resourceVersion=999999999`);
    expect(future.body).toMatchObject({ code: 504, reason: "Timeout" });
    expect(future.body.details.causes[0].reason).toBe("ResourceVersionTooLarge");
  });
});

describe("paths", () => {
  it.each([
    ["/healthz", 200],
    ["/readyz/etcd", 200],
    ["/livez?verbose", 200],
    ["/version", 200],
    ["/metrics", 200],
    ["/metrics/slis", 200],
    ["/api", 200],
    ["/apis/apps", 200],
    ["/apis/apps/v1", 200],
    ["/openapi/v3/apis/apps/v1", 200],
    ["/nothing", 404],
    ["/api/v1/nothing", 404],
    ["/api/v1/namespaces/default/nodes", 404],
    ["/apis/apps/v9/deployments", 404],
  ])("answers %s with %i", async (path, code) => {
    const answer = await client.get(path);
    expect(answer.code).toBe(code);
    if (code === 404) {
      expect(answer.body).toMatchObject({ message: "the server could not find the requested resource" });
    }
  });

  it("asks strangers who they are", async () => {
    const answer = await client.send("GET", "/api/v1/secrets", { authenticated: false });
    expect(answer.body).toMatchObject({ code: 403, reason: "Forbidden" });
    expect(answer.body.message).toBe(
      'secrets is forbidden: User "system:anonymous" cannot list resource "secrets" in API group "" at the cluster scope',
    );
    expect((await client.send("GET", "/version", { authenticated: false })).code).toBe(200);
  });

  it("lists everything once in aggregated discovery, with an ETag", async () => {
    const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
    const { body, headers } = await client.get("/apis", { accept });
    expect(body.kind).toBe("APIGroupDiscoveryList");
    const apps = body.items.find((item: { metadata: { name: string } }) => item.metadata.name === "apps");
    expect(apps.versions[0].resources.map((one: { resource: string }) => one.resource)).toContain("deployments");
    const etag = String(headers["etag"]);
    expect((await client.get("/apis", { accept, "if-none-match": etag })).code).toBe(304);
    expect((await client.get("/apis")).body.kind).toBe("APIGroupList");
  });

  it("refuses methods that a resource has not", async () => {
    expect((await client.post("/api/v1/configmaps", {})).code).toBe(405);
    expect((await client.put(configMaps, {})).code).toBe(405);
    expect((await client.delete("/api/v1/namespaces")).code).toBe(405);
  });
});

describe("lifecycle", () => {
  it("keeps objects and goes on counting over a restart, and frees what it held when it cannot start", async () => {
    const folder = await mkdtemp(join(tmpdir(), "mini-apiserver-test-"));
    const store = join(folder, "store.db");
    const first = await startForTest({ store });
    const port = Number(new URL(first.url).port);
    await expect(startForTest({ port })).rejects.toThrow("EADDRINUSE");
    await expect(startForTest({ store })).rejects.toMatchObject({ code: "STORE_LOCKED" });
    const before = new TestClient(first);
    const { body } = await before.post(configMaps, configMap("kept", { a: "1" }));
    const open = await before.watch(`${configMaps}?watch=true`);
    await open.until(1);
    await first.stop();
    await open.until(Number.MAX_SAFE_INTEGER);
    before.close();
    // On a port of its own: the first one's may be somebody else's by now.
    const second = await startForTest({ store, pki: first.pki });
    const after = new TestClient(second);
    expect((await after.get(`${configMaps}/kept`)).body).toEqual(body);
    const next = await after.post(configMaps, configMap("next"));
    expect(Number(next.body.metadata.resourceVersion)).toBeGreaterThan(Number(body.metadata.resourceVersion));
    const missed = await after.watch(`${configMaps}?watch=true&resourceVersion=${body.metadata.resourceVersion}`);
    await missed.until(1);
    expect(missed.events[0]).toMatchObject({ type: "ADDED", object: { metadata: { name: "next" } } });
    missed.stop();
    after.close();
    await second.stop();
    await rm(folder, { recursive: true });
  });
});
