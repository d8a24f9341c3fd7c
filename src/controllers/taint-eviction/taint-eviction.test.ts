import { afterAll, expect, it } from "vitest";
import { nodes, pods } from "../../client/resources.ts";
import type { Pod } from "../../kinds/generated/core-v1.ts";
import { startController } from "../framework/controller-harness.ts";
import { evictionTime, taintEvictionController } from "./taint-eviction.ts";

const stop = new AbortController();
afterAll(() => stop.abort());

it("evicts pods by taint when their toleration ends", async () => {
  const pod = (name: string, tolerationSeconds?: number): Pod => ({
    metadata: { name, namespace: "a" },
    spec: {
      nodeName: "n",
      containers: [],
      tolerations:
        name === "none"
          ? []
          : [
              {
                key: "k",
                operator: "Exists",
                effect: "NoExecute",
                ...(tolerationSeconds === undefined ? {} : { tolerationSeconds }),
              },
            ],
    },
  });
  const harness = await startController(taintEvictionController, stop.signal, async (api) => {
    await api.seed(nodes, { metadata: { name: "n" } });
    await api.seed(pods, pod("none"), pod("while", 30), pod("ever"));
  });
  const timeAdded = new Date(harness.clock.now()).toISOString();
  await harness.api.client
    .of(nodes)
    .patch("n", { spec: { taints: [{ key: "k", effect: "NoExecute", timeAdded }] } }, { type: "merge" });
  await harness.settle();
  const names = (): (string | undefined)[] => harness.api.list(pods).map(({ metadata }) => metadata?.name);
  expect(names()).toEqual(["while", "ever"]);
  await harness.settle(30_000);
  expect(names()).toEqual(["ever"]);
  expect(evictionTime(pod("ever"), [{ key: "k", effect: "NoExecute" }], 0)).toBe(Number.POSITIVE_INFINITY);
});
