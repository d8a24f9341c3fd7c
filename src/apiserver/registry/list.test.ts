import { expect, it } from "vitest";
import { TestClient } from "../client-for-test.ts";
import { startForTest } from "../start-for-test.ts";

it("gives pages of the past, and says how many objects come after each", async () => {
  const server = await startForTest();
  const client = new TestClient(server);
  const path = "/api/v1/namespaces/default/configmaps";
  for (const name of ["a", "b", "c", "d", "e"]) await client.post(path, { metadata: { name } });
  const { resourceVersion } = (await client.get(path)).body.metadata;
  for (const name of ["a", "c", "e"]) await client.delete(`${path}/${name}`);
  const pages: unknown[] = [];
  let query = `resourceVersion=${resourceVersion}&resourceVersionMatch=Exact`;
  for (let token: string | undefined = ""; token !== undefined; ) {
    const { items, metadata } = (await client.get(`${path}?limit=2&${query}`)).body;
    const names = items.map((item: { metadata: { name: string } }) => item.metadata.name).join("");
    pages.push([names, metadata.remainingItemCount, metadata.resourceVersion]);
    token = metadata.continue;
    query = `continue=${token}`;
  }
  expect(pages).toEqual([
    ["ab", 3, resourceVersion],
    ["cd", 1, resourceVersion],
    ["e", undefined, resourceVersion],
  ]);
  client.close();
  await server.stop();
});
