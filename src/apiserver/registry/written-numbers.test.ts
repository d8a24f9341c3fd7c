import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestClient } from "../client-for-test.ts";
import { startForTest, type TestServer } from "../start-for-test.ts";
import { markNumbers, unmarkNumbers } from "./written-numbers.ts";

it("marks numbers and takes the marks off again wherever they went", () => {
  const value = JSON.parse('{"a":[1,{"__proto__":1000}],"b":1,"c":"1.0"}');
  const marked = markNumbers(
    value,
    new Map([
      ["a[0]", "1.0"],
      ["a[1].__proto__", "1e3"],
    ]),
  ) as Record<string, unknown>;
  expect(JSON.stringify(marked)).not.toBe(JSON.stringify(value));
  const { value: back, floats } = unmarkNumbers({ moved: marked["a"], b: marked["b"], c: marked["c"] });
  expect(JSON.stringify(back)).toBe('{"moved":[1,{"__proto__":1000}],"b":1,"c":"1.0"}');
  expect([...floats]).toEqual([
    ["moved[0]", "1.0"],
    ["moved[1].__proto__", "1e3"],
  ]);
});

describe("numbers in patches", () => {
  let server: TestServer;
  let client: TestClient;
  const path = "/apis/apps/v1/namespaces/default/deployments/a";

  beforeAll(async () => {
    server = await startForTest();
    client = new TestClient(server);
    await client.post("/api/v1/namespaces", { metadata: { name: "default" } });
    const template = { metadata: { labels: { a: "b" } }, spec: { containers: [{ name: "c", image: "i" }] } };
    const spec = { replicas: 1, selector: { matchLabels: { a: "b" } }, template };
    await client.post(path.slice(0, -2), { metadata: { name: "a" }, spec });
  });

  afterAll(async () => {
    client.close();
    await server.stop();
  });

  const port = '"containerPort":80.0';
  it.each([
    ["merge", '{"spec":{"replicas":2.0}}', "2.0"],
    ["merge", '{"spec":{"replicas":2e0}}', "2e0"],
    ["merge", `{"spec":{"template":{"spec":{"containers":[{"name":"c","image":"i","ports":[{${port}}]}]}}}}`, "80.0"],
    ["json", '[{"op":"replace","path":"/spec/replicas","value":2.0}]', "2.0"],
    ["json", `[{"op":"add","path":"/spec/template/spec/containers/0/ports","value":[{${port}}]}]`, "80.0"],
    [
      "json",
      '[{"op":"add","path":"/spec/x","value":2.0},{"op":"move","from":"/spec/x","path":"/spec/replicas"}]',
      "2.0",
    ],
  ])("are refused as a body's are, where a %s patch puts them into an integer: %s", async (type, body, literal) => {
    const headers = { "content-type": `application/${type}-patch+json` };
    const answer = await client.send("PATCH", path, { body, headers });
    expect(answer.code, answer.text).toBe(422);
    expect(answer.body.message).toContain(`cannot unmarshal number ${literal} into Go struct field`);
    expect(answer.text).not.toContain('"spec":{"replicas":"');
  });

  it("are tested as they are written, and taken by a strategic patch", async () => {
    const send = (type: string, body: string) =>
      client.send("PATCH", path, { body, headers: { "content-type": `application/${type}-patch+json` } });
    const test = (literal: string) => `[{"op":"test","path":"/spec/replicas","value":${literal}}]`;
    expect((await send("json", test("1"))).code).toBe(200);
    expect((await send("json", test("1.0"))).code).toBe(422);
    expect((await send("strategic-merge", '{"spec":{"replicas":2.0}}')).body.spec.replicas).toBe(2);
  });
});
