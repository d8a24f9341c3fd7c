import { afterAll, expect, it } from "vitest";
import { leases, nodes, pods } from "../../client/resources.ts";
import type { Node } from "../../kinds/generated/core-v1.ts";
import { type Harness, startController } from "../framework/controller-harness.ts";
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
