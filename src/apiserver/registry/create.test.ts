import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestClient } from "../client-for-test.ts";
import { startForTest, type TestServer } from "../start-for-test.ts";

const configMaps = "/api/v1/namespaces/default/configmaps";

let server: TestServer;
let client: TestClient;

beforeAll(async () => {
  server = await startForTest();
  client = new TestClient(server);
  await client.post("/api/v1/namespaces", { metadata: { name: "default" } });
  await client.post(configMaps, { metadata: { name: "taken" } });
});

afterAll(async () => {
  client.close();
  await server.stop();
});

const versioned = (name: string, more: object = {}): object => ({
  metadata: { name, resourceVersion: "7" },
  ...more,
});

/** Upstream's store looks at it, when everybody else has had his say, and before it looks at what is there. */
describe("a resourceVersion in what is to be created", () => {
  const message = "resourceVersion should not be set on objects to be created";

  it.each([
    { of: "a new object", path: configMaps, object: versioned("new"), answer: { code: 400, message } },
    { of: "one that is there", path: configMaps, object: versioned("taken"), answer: { code: 400, message } },
    {
      of: "one that is invalid",
      path: configMaps,
      object: versioned("new", { data: { "a/b": "c" } }),
      answer: { code: 422, reason: "Invalid" },
    },
    {
      of: "one in a namespace that is not there",
      path: "/api/v1/namespaces/none/configmaps",
      object: versioned("new"),
      answer: { code: 404, reason: "NotFound" },
    },
    {
      of: "one that names another namespace",
      path: configMaps,
      object: { metadata: { name: "new", namespace: "other", resourceVersion: "7" } },
      answer: { code: 400, reason: "BadRequest" },
    },
  ])("is refused in its turn for $of", async ({ path, object, answer }) => {
    const { code, body } = await client.post(path, object);
    expect(code).toBe(answer.code);
    expect(body).toMatchObject(answer);
  });

  it("is none when it is 0", async () => {
    const { code, body } = await client.post(configMaps, { metadata: { name: "zero", resourceVersion: "0" } });
    expect(code).toBe(201);
    expect(Number(body.metadata.resourceVersion)).toBeGreaterThan(0);
  });
});
