import { afterAll, beforeAll, expect, it } from "vitest";
import { TestClient } from "../client-for-test.ts";
import { startForTest, type TestServer } from "../start-for-test.ts";

const policies = "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies";

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

const policy = (name: string, peer: object): object => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: { name },
  spec: { podSelector: {}, policyTypes: ["Ingress"], ingress: [{ from: [peer] }] },
});
const peer = { podSelector: { matchLabels: { app: "a" } } };

it("writes nothing, and counts no generation, where nothing changes", async () => {
  const created = await client.post(policies, policy("same", peer));
  const { resourceVersion, generation } = created.body.metadata;
  for (const patch of [{}, { metadata: { labels: {} } }, { spec: { egress: [] } }]) {
    const patched = await client.patch(`${policies}/same`, patch);
    expect(patched.body.metadata).toMatchObject({ resourceVersion, generation });
  }
});

it("takes an empty struct for a change where a missing one means something else", async () => {
  await client.post(policies, policy("wider", peer));
  const ingress = [{ from: [{ ...peer, namespaceSelector: {} }] }];
  const patched = await client.patch(`${policies}/wider`, { spec: { ingress } });
  expect(patched.body.spec.ingress).toEqual(ingress);
  expect(patched.body.metadata.generation).toBe(2);
});

it("updates whatever the version is when the client gives version 0", async () => {
  const { body } = await client.post(policies, policy("forced", peer));
  await client.patch(`${policies}/forced`, { metadata: { labels: { changed: "meanwhile" } } });
  const stale = await client.put(`${policies}/forced`, body);
  expect(stale.code).toBe(409);
  const forced = await client.put(`${policies}/forced`, {
    ...body,
    metadata: { ...body.metadata, resourceVersion: "0" },
  });
  expect(forced.code).toBe(200);
  expect(forced.body.metadata.labels).toBeUndefined();
});
