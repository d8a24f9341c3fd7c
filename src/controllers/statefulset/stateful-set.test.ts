import { afterAll, expect, it } from "vitest";
import { persistentVolumeClaims, pods, statefulSets } from "../../client/resources.ts";
import type { StatefulSet } from "../../kinds/generated/apps-v1.ts";
import { type Harness, startController } from "../framework/controller-harness.ts";
import { statefulSetController } from "./stateful-set.ts";

const stop = new AbortController();
afterAll(() => stop.abort());

const set = (spec: Partial<NonNullable<StatefulSet["spec"]>> = {}): StatefulSet => ({
  metadata: { name: "db", namespace: "a" },
  spec: {
    replicas: 3,
    serviceName: "db",
    selector: { matchLabels: { app: "db" } },
    updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } },
    template: { metadata: { labels: { app: "db" } }, spec: { containers: [{ name: "c", image: "one" }] } },
    volumeClaimTemplates: [{ metadata: { name: "data" }, spec: { accessModes: ["ReadWriteOnce"] } }],
    ...spec,
  },
});
async function makeReady({ api, settle }: Harness, times = 1): Promise<void> {
  for (let i = 0; i < times; i++) {
    for (const pod of api.list(pods)) {
      const conditions = [{ type: "Ready", status: "True" }];
      await api.client.of(pods).updateStatus({ ...pod, status: { phase: "Running", conditions } });
    }
    await settle();
  }
}
const running = ({ api }: Harness): string[] =>
  api
    .list(pods)
    .map((pod) => `${pod.metadata?.name} ${pod.spec?.containers[0]?.image}`)
    .sort();
const update = async ({ api, settle }: Harness, spec: unknown): Promise<void> => {
  await api.client.of(statefulSets).patch("db", { spec }, { type: "merge", namespace: "a" });
  await settle();
};
const image = (name: string): unknown => ({ template: { spec: { containers: [{ name: "c", image: name }] } } });

it("starts pods one after the other, each with its name and claim, and stops them from the end", async () => {
  const harness = await startController(statefulSetController, stop.signal);
  await harness.api.client.of(statefulSets).create(set());
  await harness.settle();
  expect(running(harness)).toEqual(["db-0 one"]);
  const pod = harness.api.get(pods, "db-0", "a");
  expect(pod?.spec).toMatchObject({
    hostname: "db-0",
    subdomain: "db",
    volumes: [{ name: "data", persistentVolumeClaim: { claimName: "data-db-0" } }],
  });
  await makeReady(harness, 3);
  expect(running(harness)).toEqual(["db-0 one", "db-1 one", "db-2 one"]);
  expect(harness.api.get(statefulSets, "db", "a")?.status).toMatchObject({
    replicas: 3,
    readyReplicas: 3,
    currentReplicas: 3,
  });
  await update(harness, { replicas: 1 });
  await harness.settle();
  expect(running(harness)).toEqual(["db-0 one"]);
  expect(harness.api.list(persistentVolumeClaims)).toHaveLength(3);
  expect(harness.events[1]).toBe("Normal SuccessfulCreate create Pod db-0 in StatefulSet db successful");
});

it("updates from the last pod to the partition, waiting for each", async () => {
  const harness = await startController(statefulSetController, stop.signal);
  await harness.api.client
    .of(statefulSets)
    .create(set({ updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 1 } } }));
  await harness.settle();
  await makeReady(harness, 3);
  await update(harness, image("two"));
  expect(running(harness)).toEqual(["db-0 one", "db-1 one", "db-2 two"]);
  await makeReady(harness, 4);
  expect(running(harness)).toEqual(["db-0 one", "db-1 two", "db-2 two"]);
  await harness.api.client.of(pods).delete("db-0", { namespace: "a" });
  await harness.settle();
  expect(running(harness)[0]).toBe("db-0 one");
});

it("starts all at once with the Parallel policy", async () => {
  const harness = await startController(statefulSetController, stop.signal);
  await harness.api.client.of(statefulSets).create(set({ podManagementPolicy: "Parallel" }));
  await harness.settle();
  expect(running(harness)).toHaveLength(3);
});

it("leaves old pods to be deleted by hand with OnDelete", async () => {
  const harness = await startController(statefulSetController, stop.signal);
  await harness.api.client.of(statefulSets).create(set({ updateStrategy: { type: "OnDelete" } }));
  await harness.settle();
  await makeReady(harness, 3);
  await update(harness, image("two"));
  expect(running(harness)).toEqual(["db-0 one", "db-1 one", "db-2 one"]);
  await harness.api.client.of(pods).delete("db-1", { namespace: "a" });
  await harness.settle();
  expect(running(harness)).toEqual(["db-0 one", "db-1 two", "db-2 one"]);
});
