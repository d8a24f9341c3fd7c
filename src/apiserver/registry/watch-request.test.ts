import { expect, it } from "vitest";
import { TestClient } from "../client-for-test.ts";
import { startForTest } from "../start-for-test.ts";

it("watches for as long as a client wants, however long that is", async () => {
  const server = await startForTest();
  const client = new TestClient(server);
  const path = "/api/v1/namespaces/default/configmaps";
  await client.post(path, { metadata: { name: "before" } });
  const watch = await client.watch(`${path}?watch=true&timeoutSeconds=9223372036854775807`);
  await watch.until(1);
  await client.post(path, { metadata: { name: "after" } });
  await watch.until(2);
  expect(watch.events.map(({ object }) => object.metadata.name)).toEqual(["before", "after"]);
  watch.stop();
  client.close();
  await server.stop();
});
