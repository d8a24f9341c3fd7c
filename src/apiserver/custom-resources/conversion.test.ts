import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { TestClient } from "../client-for-test.ts";
import { startForTest, type TestServer } from "../start-for-test.ts";

const long = "9007199254740993";
const lowest = "-9223372036854775808";

describe("conversion by a webhook", () => {
  let server: TestServer;
  let client: TestClient;
  let asked = "";
  const hooks: { close(): unknown; closeAllConnections(): void }[] = [];
  const path = (version: string) => `/apis/test.example/${version}/namespaces/default/counters`;

  beforeAll(async () => {
    server = await startForTest();
    client = new TestClient(server);
    const { ca, serving } = server.pki;
    // It changes text alone, as a program with integers of 64 bits does.
    const hook = createServer({ cert: serving.certificate, key: serving.privateKey }, async (request, response) => {
      asked = Buffer.concat(await request.toArray()).toString("utf8");
      const { uid, desiredAPIVersion } = JSON.parse(asked).request as { uid: string; desiredAPIVersion: string };
      const objects = asked.slice(asked.indexOf('"objects":') + '"objects":'.length, asked.lastIndexOf("]") + 1);
      const converted = objects.replaceAll(/"test\.example\/v[12]"/g, JSON.stringify(desiredAPIVersion));
      response.end(
        `{"apiVersion":"apiextensions.k8s.io/v1","kind":"ConversionReview","response":{"uid":"${uid}","result":{"status":"Success"},"convertedObjects":${converted}}}`,
      );
    });
    hooks.push(hook);
    await new Promise<void>((resolve) => hook.listen(0, "127.0.0.1", resolve));
    const url = `https://127.0.0.1:${(hook.address() as AddressInfo).port}/`;
    const version = (name: string, storage: boolean) => ({
      ...{ name, storage, served: true },
      schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
    });
    const clientConfig = { url, caBundle: Buffer.from(ca).toString("base64") };
    const made = await client.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", {
      metadata: { name: "counters.test.example" },
      spec: {
        ...{ group: "test.example", scope: "Namespaced", names: { plural: "counters", kind: "Counter" } },
        versions: [version("v1", true), version("v2", false)],
        conversion: { strategy: "Webhook", webhook: { clientConfig, conversionReviewVersions: ["v1"] } },
      },
    });
    expect(made.code, made.text).toBe(201);
    await client.post("/api/v1/namespaces", { metadata: { name: "default" } });
    await vi.waitFor(async () => expect((await client.get(path("v2"))).code).toBe(200), { timeout: 20_000 });
  });

  afterAll(async () => {
    client.close();
    for (const hook of hooks) {
      hook.closeAllConnections();
      hook.close();
    }
    await server.stop();
  });

  it("keeps integers of 64 bits to the last digit, on the way to the webhook and back", async () => {
    const spec = `"spec":{"id":${long},"free":[${lowest},1.5,{"__proto__":${long},"constructor":"x"}]}`;
    const body = `{"apiVersion":"test.example/v2","kind":"Counter","metadata":{"name":"a"},${spec}}`;
    const made = await client.send("POST", path("v2"), { body });
    expect(made.code, made.text).toBe(201);
    expect(asked).toContain(spec);
    expect(made.text).toContain(spec);
    for (const version of ["v1", "v2"]) {
      expect((await client.get(`${path(version)}/a`)).text).toContain(spec);
      expect((await client.get(path(version))).text).toContain(spec);
    }
    const change = {
      body: '{"spec":{"id":9007199254740995}}',
      headers: { "content-type": "application/merge-patch+json" },
    };
    expect((await client.send("PATCH", `${path("v2")}/a`, change)).text).toContain('"id":9007199254740995');
    expect((await client.get(`${path("v1")}/a`)).text).toContain(spec.replace(long, "9007199254740995"));
  });
});
