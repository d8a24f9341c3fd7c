import { afterAll, expect, it } from "vitest";
import { nodes } from "../../client/resources.ts";
import type { Node } from "../../kinds/generated/core-v1.ts";
import { startController } from "../framework/controller-harness.ts";
import { createNodeIpamController, splitSubnet } from "./node-ipam.ts";

const stop = new AbortController();
afterAll(() => stop.abort());

const node = (name: string): Node => ({ metadata: { name } });

it("gives each node a range of its own, and those of removed nodes again", async () => {
  expect(splitSubnet("10.244.0.0/22")).toEqual(["10.244.0.0/24", "10.244.1.0/24", "10.244.2.0/24", "10.244.3.0/24"]);
  const harness = await startController(createNodeIpamController("10.244.0.0/23"), stop.signal, (api) =>
    api.seed(nodes, node("a"), node("b")),
  );
  await harness.settle();
  const ranges = (): (string | undefined)[] =>
    harness.api
      .list(nodes)
      .map(({ spec }) => spec?.podCIDR)
      .sort();
  expect(ranges()).toEqual(["10.244.0.0/24", "10.244.1.0/24"]);
  await harness.api.client.of(nodes).delete("a");
  await harness.api.client.of(nodes).create(node("c"));
  await harness.settle();
  expect(ranges()).toEqual(["10.244.0.0/24", "10.244.1.0/24"]);
});
