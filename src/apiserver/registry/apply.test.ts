import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestClient } from "../client-for-test.ts";
import { startForTest, type TestServer } from "../start-for-test.ts";

const maps = "/api/v1/namespaces/default/configmaps";
const type = { "content-type": "application/apply-patch+yaml" };

let server: TestServer;
let client: TestClient;

beforeAll(async () => {
  server = await startForTest();
  client = new TestClient(server);
  await client.post("/api/v1/namespaces", { metadata: { name: "default" } });
});

afterAll(async () => {
  client.close();
  await server.stop();
});

const apply = (name: string, body: unknown, query = "fieldManager=tester") =>
  client.send("PATCH", `${maps}/${name}?${query}`, { body, headers: type });
const configMap = (name: string, data: Record<string, string>): object => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name },
  data,
});

describe("server-side apply", () => {
  it("creates, changes and removes what its manager owns", async () => {
    expect((await apply("own", configMap("own", { a: "1", b: "1" }))).code).toBe(201);
    const changed = await apply("own", configMap("own", { a: "2" }));
    expect(changed.body.data).toEqual({ a: "2" });
    expect(changed.body.metadata.managedFields).toMatchObject([
      { manager: "tester", operation: "Apply", fieldsV1: { "f:data": { "f:a": {} } } },
    ]);
    const { metadata: _, ...nameless } = configMap("own", { a: "2" }) as { metadata: object };
    expect((await apply("own", nameless)).code).toBe(200);
    const again = await apply("own", configMap("own", { a: "2" }));
    expect(again.body.metadata.resourceVersion).toBe(changed.body.metadata.resourceVersion);
  });

  it("conflicts with updates by others until it is forced", async () => {
    await apply("contested", configMap("contested", { a: "1" }));
    const path = `${maps}/contested?fieldManager=editor`;
    await client.patch(path, { data: { a: "2" } });
    const conflict = await apply("contested", configMap("contested", { a: "3" }));
    expect(conflict.code).toBe(409);
    expect(conflict.body.message).toBe('Apply failed with 1 conflict: conflict with "editor" using v1: .data.a');
    const forced = await apply("contested", configMap("contested", { a: "3" }), "fieldManager=tester&force=true");
    expect(forced.body.data).toEqual({ a: "3" });
  });

  it("takes over objects that were never applied", async () => {
    const created = await client.post(maps, configMap("old", { a: "1" }));
    expect(created.body.metadata.managedFields).toBeUndefined();
    const conflict = await apply("old", configMap("old", { a: "2" }));
    expect(conflict.body.details.causes).toEqual([
      { reason: "FieldManagerConflict", message: 'conflict with "before-first-apply" using v1', field: ".data.a" },
    ]);
  });

  it("stores nothing on a dry run", async () => {
    expect((await apply("dry", configMap("dry", {}), "fieldManager=tester&dryRun=All")).code).toBe(201);
    expect((await client.get(`${maps}/dry`)).code).toBe(404);
  });

  it.each([
    ["no manager", configMap("bad", {}), "", 422, "fieldManager: Required value: is required for apply patch"],
    [
      "an unknown field",
      { ...configMap("bad", {}), extra: 1 },
      "fieldManager=t",
      400,
      "failed to create typed patch object (/bad; v1, Kind=ConfigMap): .extra: field not declared in schema",
    ],
    [
      "a key that is there twice",
      "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: bad\ndata:\n  a: x\n  a: z\n",
      "fieldManager=t&fieldValidation=Strict",
      400,
      'line 7: key "a" already set in map',
    ],
    ["another version", { ...configMap("bad", {}), apiVersion: "v2" }, "fieldManager=t", 400, "Incorrect version"],
  ])("refuses %s", async (_, body, query, code, message) => {
    const answer = await apply("bad", body, query);
    expect(answer.code).toBe(code);
    expect(answer.body.message).toContain(message);
  });
});
