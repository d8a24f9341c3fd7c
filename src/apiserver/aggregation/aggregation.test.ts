import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { TestClient } from "../client-for-test.ts";
import { startForTest, type TestServer } from "../start-for-test.ts";
import { type ExtensionServer, flunders, startExtensionServer } from "../testing/extension-server.ts";

const apiServices = "/apis/apiregistration.k8s.io/v1/apiservices";
const document = `/openapi/v3${flunders}`;
const patient = { timeout: 20_000 };

describe("an extension API server", () => {
  let server: TestServer;
  let client: TestClient;
  let extension: ExtensionServer;
  const index = async () => (await client.get("/openapi/v3")).body.paths;
  const available = async () => (await client.get(`${apiServices}/v1.wardle.example.com`)).body.status.conditions?.[0];
  /** Headers of the last request that came from the client of this test. */
  const askedAsAdmin = (path: string) =>
    extension.asked.findLast((one) => one.path === path && one.headers["x-remote-user"] === "kubernetes-admin")
      ?.headers;

  beforeAll(async () => {
    server = await startForTest();
    client = new TestClient(server);
    extension = await startExtensionServer(server.pki);
    await client.post("/api/v1/namespaces/default/services", extension.service);
    expect((await client.post(apiServices, extension.apiService)).code).toBe(201);
    await vi.waitFor(async () => expect(await index()).toHaveProperty([flunders.slice(1)]), patient);
  });
  afterAll(async () => {
    client.close();
    await server.stop();
  });

  it("is available, discovered among the others by its priority, and gets requests with their user's name", async () => {
    expect(await available()).toMatchObject({ type: "Available", status: "True", reason: "Passed" });
    const { groups } = (await client.get("/apis")).body;
    const names = groups.map((one: { name: string }) => one.name);
    expect(names.slice(-2)).toEqual(["wardle.example.com", "metrics.k8s.io"]);
    expect((await client.get("/apis/wardle.example.com")).body.preferredVersion.version).toBe("v1");
    expect((await client.get(flunders)).body.resources[0].kind).toBe("Flunder");
    expect(askedAsAdmin(flunders)).toMatchObject({ "x-remote-group": expect.stringContaining("system:masters") });
  });

  it("has its OpenAPI document in the index, asked of the server itself", async () => {
    const paths = await index();
    expect(paths[flunders.slice(1)]).toEqual({ serverRelativeURL: `${document}?hash=1` });
    expect(Object.keys(paths)).toEqual([...Object.keys(paths)].sort());
    expect(paths).toHaveProperty(["apis/apps/v1"]);
    const answer = await client.get(`${document}?hash=1`);
    expect(answer.body.components.schemas).toHaveProperty(["com.example.wardle.v1.Flunder"]);
    expect(askedAsAdmin(document)).toBeDefined();
  });

  it("keeps nobody from the index while it cannot be reached, and loses its place there with its APIService", async () => {
    await extension.close();
    expect((await client.get("/openapi/v3")).code).toBe(200);
    expect((await client.get(document)).code).toBe(503);
    expect((await client.get("/openapi/v3/apis/apps/v1")).code).toBe(200);
    await client.delete(`${apiServices}/v1.wardle.example.com`);
    expect(await index()).not.toHaveProperty([flunders.slice(1)]);
    expect((await client.get(document)).code).toBe(404);
  });
});
