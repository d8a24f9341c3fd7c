import { Agent, request } from "node:https";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse } from "yaml";
import { builtInSchemas } from "../../kinds/schema-table.ts";
import { decodeProtobuf } from "../../machinery/codec/protobuf.ts";
import { TestClient } from "../client-for-test.ts";
import { startForTest, type TestServer } from "../start-for-test.ts";

const path = "/api/v1/namespaces/default/configmaps";
const metadataList = "io.k8s.apimachinery.pkg.apis.meta.v1.PartialObjectMetadataList";
const count = 150;

let server: TestServer;
let client: TestClient;

beforeAll(async () => {
  server = await startForTest();
  client = new TestClient(server);
  await client.post("/api/v1/namespaces", { metadata: { name: "default" } });
  const create = (index: number) =>
    client.post(path, { metadata: { name: `c${index}` }, data: { text: `"${index}"\n`.repeat(500), key: "ü" } });
  await Promise.all(Array.from({ length: count }, (_, index) => create(index)));
});

afterAll(async () => {
  client.close();
  await server.stop();
});

const namesIn = (items: { metadata: { name: string } }[]): string[] => items.map(({ metadata }) => metadata.name);

it("gives a large list in every form as it gives its objects alone", async () => {
  const { body: one } = await client.get(`${path}/c7`);
  const { body: list, headers } = await client.get(path);
  expect(headers["content-length"]).toBeUndefined();
  expect(list).toMatchObject({ kind: "ConfigMapList", apiVersion: "v1" });
  expect(list.items).toHaveLength(count);
  const { apiVersion: _, kind: __, ...item } = one;
  expect(list.items.find(({ metadata }: { metadata: { name: string } }) => metadata.name === "c7")).toEqual(item);
  const names = namesIn(list.items);

  const pretty = await client.get(`${path}?pretty=true`);
  expect(pretty.text).toBe(`${JSON.stringify(list, null, 2)}\n`);
  expect(parse((await client.get(path, { accept: "application/yaml" })).text)).toEqual(list);

  const table = await client.get(path, { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" });
  expect(table.body.columnDefinitions[0].name).toBe("Name");
  expect(table.body.rows.map(({ cells }: { cells: string[] }) => cells[0])).toEqual(names);
  const partial = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io";
  expect(namesIn((await client.get(path, { accept: partial })).body.items)).toEqual(names);

  for (const accept of ["application/vnd.kubernetes.protobuf", partial.replace("json", "vnd.kubernetes.protobuf")]) {
    const { object } = decodeProtobuf(await bytesOf(accept), builtInSchemas, metadataList);
    expect(object.metadata).toMatchObject({ resourceVersion: list.metadata.resourceVersion });
    expect(namesIn(object["items"] as never)).toEqual(names);
  }
});

it("gives large pages, and the answer to HEAD without a body", async () => {
  const first = await client.get(`${path}?limit=120`);
  expect(first.body.items).toHaveLength(120);
  const rest = await client.get(`${path}?limit=120&continue=${first.body.metadata.continue}`);
  expect(rest.body.items).toHaveLength(30);
  expect((await client.send("HEAD", path)).text).toBe("");
});

function bytesOf(accept: string): Promise<Buffer> {
  const { ca, admin } = server.pki;
  const agent = new Agent({ ca, cert: admin.certificate, key: admin.privateKey });
  return new Promise((resolve, reject) => {
    const outgoing = request(server.url + path, { agent, headers: { accept } }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => resolve(Buffer.concat(chunks)));
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}
