import { afterAll, expect, it } from "vitest";
import { leases, nodes, pods } from "../../client/resources.ts";
import type { Node, Pod } from "../../kinds/generated/core-v1.ts";
import { type Harness, startController } from "../framework/controller-harness.ts";
import { createNodeIpamController, splitSubnet } from "../node-ipam/node-ipam.ts";
import { evictionTime, taintEvictionController } from "../taint-eviction/taint-eviction.ts";
import { createNodeLifecycleController } from "./node-lifecycle.ts";

const stop = new AbortController();
afterAll(() => stop.abort());

const node = (name: string): Node => ({
  metadata: { name },
  status: { conditions: [{ type: "Ready", status: "True", lastHeartbeatTime: "2026-01-01T00:00:00Z" }] },
});
const renew = async ({ api, clock }: Harness, name: string): Promise<void> => {
  const renewTime = new Date(clock.now()).toISOString();
  await api.client.of(leases).patch(name, { spec: { renewTime } }, { type: "merge", namespace: "kube-node-lease" });
};

it("declares a silent node Unknown and taints it, but not one that renews its lease", async () => {
  const harness = await startController(createNodeLifecycleController(), stop.signal, async (api) => {
    await api.seed(nodes, node("dead"), node("alive"));
    await api.seed(leases, { metadata: { name: "alive", namespace: "kube-node-lease" }, spec: {} });
    await api.seed(pods, {
      metadata: { name: "p", namespace: "a" },
      spec: { nodeName: "dead", containers: [] },
      status: { conditions: [{ type: "Ready", status: "True" }] },
    });
  });
  for (let i = 0; i < 7; i++) {
    await renew(harness, "alive");
    await harness.settle(10_000);
  }
  const dead = harness.api.get(nodes, "dead");
  expect(dead?.status?.conditions?.find(({ type }) => type === "Ready")).toMatchObject({
    status: "Unknown",
    reason: "NodeStatusUnknown",
    message: "Kubelet stopped posting node status.",
  });
  expect(dead?.spec?.taints?.map(({ key, effect }) => `${key}:${effect}`)).toEqual([
    "node.kubernetes.io/unreachable:NoSchedule",
    "node.kubernetes.io/unreachable:NoExecute",
  ]);
  expect(harness.api.get(nodes, "alive")?.spec?.taints).toBeUndefined();
  expect(harness.api.get(pods, "p", "a")?.status?.conditions?.[0]?.status).toBe("False");
});

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
    await api.seed(nodes, node("n"));
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
