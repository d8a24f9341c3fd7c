import { afterAll, expect, it } from "vitest";
import { daemonSets, nodes, pods } from "../../client/resources.ts";
import type { DaemonSet } from "../../kinds/generated/apps-v1.ts";
import type { Node } from "../../kinds/generated/core-v1.ts";
import { type Harness, startController } from "../framework/controller-harness.ts";
import { daemonSetController } from "./daemon-set.ts";
import { targetNode } from "./placement.ts";

const stop = new AbortController();
afterAll(() => stop.abort());

const node = (name: string, spec: Node["spec"] = {}): Node => ({ metadata: { name }, spec });
const set: DaemonSet = {
  metadata: { name: "d", namespace: "a" },
  spec: {
    selector: { matchLabels: { app: "d" } },
    updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1 } },
    template: { metadata: { labels: { app: "d" } }, spec: { containers: [{ name: "c", image: "one" }] } },
  },
};
const start = (): Promise<Harness> =>
  startController(daemonSetController, stop.signal, (api) =>
    api.seed(
      nodes,
      node("n1"),
      node("n2", { unschedulable: true }),
      node("n3", { taints: [{ key: "k", effect: "NoSchedule" }] }),
    ),
  );
const makeReady = async ({ api, settle }: Harness): Promise<void> => {
  for (const pod of api.list(pods)) {
    const conditions = [{ type: "Ready", status: "True" }];
    await api.client.of(pods).updateStatus({ ...pod, status: { phase: "Running", conditions } });
  }
  await settle();
};
const placed = ({ api }: Harness): string[] =>
  api
    .list(pods)
    .map((pod) => `${targetNode(pod)} ${pod.spec?.containers[0]?.image}`)
    .sort();

it("runs a pod on each node that it tolerates, cordoned ones included, and follows nodes", async () => {
  const harness = await start();
  await harness.api.client.of(daemonSets).create(set);
  await harness.settle();
  expect(placed(harness)).toEqual(["n1 one", "n2 one"]);
  await harness.api.client.of(nodes).create(node("n4"));
  await harness.settle();
  expect(placed(harness)).toEqual(["n1 one", "n2 one", "n4 one"]);
  await makeReady(harness);
  expect(harness.api.get(daemonSets, "d", "a")?.status).toMatchObject({
    desiredNumberScheduled: 3,
    numberReady: 3,
    updatedNumberScheduled: 3,
  });
});

it("updates one node at a time", async () => {
  const harness = await start();
  await harness.api.client.of(daemonSets).create(set);
  await harness.settle();
  await makeReady(harness);
  const template = { spec: { containers: [{ name: "c", image: "two" }] } };
  await harness.api.client.of(daemonSets).patch("d", { spec: { template } }, { type: "merge", namespace: "a" });
  await harness.settle();
  expect(placed(harness).filter((text) => text.endsWith("two"))).toHaveLength(1);
  await makeReady(harness);
  await makeReady(harness);
  expect(placed(harness)).toEqual(["n1 two", "n2 two"]);
});

it("replaces a failed pod, and says so", async () => {
  const harness = await start();
  await harness.api.client.of(daemonSets).create(set);
  await harness.settle();
  const [pod] = harness.api.list(pods);
  if (pod === undefined) throw new Error("no pod");
  await harness.api.client.of(pods).updateStatus({ ...pod, status: { phase: "Failed" } });
  await harness.settle();
  expect(harness.api.list(pods)).toHaveLength(2);
  expect(harness.events.join()).toContain("FailedDaemonPod Found failed daemon pod a/");
});
