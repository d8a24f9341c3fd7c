import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { TestClient } from "../client-for-test.ts";
import { startForTest, type TestServer } from "../start-for-test.ts";

const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const notes = "/apis/example.com/v1/notes";
const configMaps = "/api/v1/namespaces/default/configmaps";
const mebibyte = 1024 * 1024;

let server: TestServer;
let client: TestClient;

beforeAll(async () => {
  server = await startForTest();
  client = new TestClient(server);
  await client.post("/api/v1/namespaces", { metadata: { name: "default" } });
  const anything = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  await client.post(definitions, {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "notes.example.com" },
    spec: {
      group: "example.com",
      scope: "Cluster",
      names: { plural: "notes", kind: "Note" },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: { openAPIV3Schema: anything },
          subresources: { status: {} },
        },
      ],
    },
  });
  await vi.waitFor(async () => expect((await client.get(notes)).code).toBe(200));
});

afterAll(async () => {
  client.close();
  await server.stop();
});

const note = (name: string, text: string, rest: object = {}): object => ({
  apiVersion: "example.com/v1",
  kind: "Note",
  metadata: { name },
  text,
  ...rest,
});
const tooLarge = {
  code: 413,
  body: {
    kind: "Status",
    status: "Failure",
    code: 413,
    reason: "RequestEntityTooLarge",
    message: "Request entity too large: etcdserver: request is too large",
  },
};

it("stores what upstream's store takes, and refuses what it does not, on every way in", async () => {
  expect((await client.post(notes, note("large", "x".repeat(1.4 * mebibyte)))).code).toBe(201);
  expect(await client.post(notes, note("larger", "x".repeat(1.6 * mebibyte)))).toMatchObject(tooLarge);
  const more = { more: "y".repeat(0.2 * mebibyte) };
  const path = `${notes}/large`;
  expect(await client.patch(path, more)).toMatchObject(tooLarge);
  expect(await client.patch(path, [{ op: "copy", from: "/text", path: "/more" }], "json")).toMatchObject(tooLarge);
  expect(await client.put(path, { ...(await client.get(path)).body, ...more })).toMatchObject(tooLarge);
  expect(await client.patch(`${path}/status`, { status: more })).toMatchObject(tooLarge);
  expect(await client.patch(`${path}?dryRun=All`, more)).toMatchObject(tooLarge);
  const headers = { "content-type": "application/apply-patch+yaml" };
  const applied = await client.send("PATCH", `${path}?fieldManager=a&force=true`, {
    body: note("large", "", more),
    headers,
  });
  expect(applied.code).toBe(200);
  const body = note("large", "x".repeat(1.4 * mebibyte), more);
  expect(await client.send("PATCH", `${path}?fieldManager=b&force=true`, { body, headers })).toMatchObject(tooLarge);
  expect((await client.get(path)).body.text).toBe("");
});

it("refuses what short patches would make large", async () => {
  await client.post(configMaps, { metadata: { name: "copied" }, data: { a: "x".repeat(1000) } });
  const doubling = Array.from({ length: 40 }, (_, index) => ({ op: "copy", from: "/data", path: `/data/k${index}` }));
  const answer = await client.patch(`${configMaps}/copied`, doubling, "json");
  expect(answer).toMatchObject({ code: 422, body: { reason: "Invalid" } });
  const many = Array(10_001).fill({ op: "test", path: "/metadata/name", value: "copied" });
  expect(await client.patch(`${configMaps}/copied`, many, "json")).toMatchObject({
    code: 413,
    body: {
      message: "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001",
    },
  });
});

it("counts text of built-in kinds as upstream stores it, and drops field owners before it refuses", async () => {
  const quotes = { metadata: { name: "quotes" }, data: { a: '"'.repeat(mebibyte - 10) } };
  expect((await client.post(configMaps, quotes)).code).toBe(201);
  const keys = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`a-rather-long-key-${index}`, "v"]));
  const headers = { "content-type": "application/apply-patch+yaml" };
  const apply = (manager: string) =>
    client.send("PATCH", `${notes}/owned?fieldManager=${manager}`, { body: note("owned", "", { keys }), headers });
  expect((await apply("a")).code).toBe(201);
  expect((await apply("b")).body.metadata.managedFields).toHaveLength(2);
  const grown = await client.patch(`${notes}/owned`, { text: "x".repeat(0.9 * mebibyte) });
  expect(grown.code).toBe(200);
  expect(grown.body.metadata.managedFields).toBeUndefined();
});

it("applies ten thousand operations in turns, and others are answered meanwhile", async () => {
  const data = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`k${index}`, ""]));
  await client.post(configMaps, { metadata: { name: "tested" }, data });
  const operations = Array.from({ length: 2_000 }, (_, index) => ({
    op: "replace",
    path: `/data/k${index}`,
    value: "v",
  }));
  let answered = 0;
  const patching = client.patch(`${configMaps}/tested`, operations, "json");
  const others = Array.from({ length: 5 }, async () => {
    await client.get("/version");
    answered++;
  });
  expect((await patching).body.data.k1999).toBe("v");
  await Promise.all(others);
  const failing = [...operations, { op: "test", path: "/data", value: {} }];
  expect((await client.patch(`${configMaps}/tested`, failing, "json")).code).toBe(422);
  expect(answered).toBe(5);
});
