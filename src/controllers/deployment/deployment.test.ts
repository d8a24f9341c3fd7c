import { afterAll, describe, expect, it } from "vitest";
import { deployments, replicaSets } from "../../client/resources.ts";
import type { Deployment, ReplicaSet } from "../../kinds/generated/apps-v1.ts";
import { type Harness, startController } from "../framework/controller-harness.ts";
import { deploymentController } from "./deployment.ts";
import { proportionalSizes } from "./sizes.ts";

const stop = new AbortController();
afterAll(() => stop.abort());

const deployment = (image: string, change: Partial<NonNullable<Deployment["spec"]>> = {}): Deployment => ({
  metadata: { name: "web", namespace: "a" },
  spec: {
    replicas: 4,
    selector: { matchLabels: { app: "web" } },
    strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: "25%" } },
    revisionHistoryLimit: 1,
    progressDeadlineSeconds: 600,
    template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "c", image }] } },
    ...change,
  },
});
const imageOf = (set: ReplicaSet): string => set.spec?.template?.spec?.containers[0]?.image ?? "";
const sizes = ({ api }: Harness): Record<string, number> =>
  Object.fromEntries(api.list(replicaSets).map((set) => [imageOf(set), set.spec?.replicas ?? -1]));

/** Stands in for the ReplicaSet controller and kubelet: all wanted pods of `images` are available at once. */
async function play({ api, settle }: Harness, ready: (image: string) => boolean = () => true): Promise<void> {
  for (let i = 0; i < 12; i++) {
    for (const set of api.list(replicaSets)) {
      const replicas = set.spec?.replicas ?? 0;
      const available = ready(imageOf(set)) ? replicas : 0;
      const status = {
        replicas,
        readyReplicas: available,
        availableReplicas: available,
        observedGeneration: set.metadata?.generation ?? 1,
      };
      await api.client.of(replicaSets).updateStatus({ ...set, status });
    }
    await settle();
  }
}

async function update({ api, settle }: Harness, change: unknown): Promise<void> {
  await api.client.of(deployments).patch("web", change, { type: "merge", namespace: "a" });
  await settle();
}

const withImage = (image: string): unknown => ({
  spec: { template: { spec: { containers: [{ name: "c", image }] } } },
});

describe("Deployment controller", () => {
  it("creates a ReplicaSet and tells of progress, revision and scaling", async () => {
    const harness = await startController(deploymentController, stop.signal);
    await harness.api.client.of(deployments).create(deployment("one"));
    await harness.settle();
    const [set] = harness.api.list(replicaSets);
    const hash = set?.metadata?.labels?.["pod-template-hash"];
    expect(set?.metadata?.name).toBe(`web-${hash}`);
    expect(set?.spec?.selector.matchLabels).toEqual({ app: "web", "pod-template-hash": hash });
    expect(harness.events).toEqual([`Normal ScalingReplicaSet Scaled up replica set web-${hash} from 0 to 4`]);
    await play(harness);
    const stored = harness.api.get(deployments, "web", "a");
    expect(stored?.metadata?.annotations).toEqual({ "deployment.kubernetes.io/revision": "1" });
    expect(stored?.status).toMatchObject({ replicas: 4, updatedReplicas: 4, availableReplicas: 4 });
    expect(stored?.status?.conditions?.map(({ type, status, reason }) => [type, status, reason])).toEqual([
      ["Available", "True", "MinimumReplicasAvailable"],
      ["Progressing", "True", "NewReplicaSetAvailable"],
    ]);
  });

  it("rolls a new template out within surge and unavailability, and rolls back to the old ReplicaSet", async () => {
    const harness = await startController(deploymentController, stop.signal);
    await harness.api.client.of(deployments).create(deployment("one"));
    await harness.settle();
    await play(harness);
    await update(harness, withImage("two"));
    expect(sizes(harness)).toEqual({ one: 3, two: 2 });
    await play(harness, (image) => image === "one");
    expect(sizes(harness)).toEqual({ one: 3, two: 2 });
    await play(harness);
    expect(sizes(harness)).toEqual({ one: 0, two: 4 });
    await update(harness, withImage("one"));
    await play(harness);
    expect(sizes(harness)).toEqual({ one: 4, two: 0 });
    const back = harness.api.list(replicaSets).find((set) => imageOf(set) === "one");
    expect(back?.metadata?.annotations).toMatchObject({
      "deployment.kubernetes.io/revision": "3",
      "deployment.kubernetes.io/revision-history": "1",
    });
  });

  it("keeps revisionHistoryLimit old ReplicaSets", async () => {
    const harness = await startController(deploymentController, stop.signal);
    await harness.api.client.of(deployments).create(deployment("one"));
    for (const image of ["two", "three"]) {
      await play(harness);
      await update(harness, withImage(image));
    }
    await play(harness);
    expect(sizes(harness)).toEqual({ two: 0, three: 4 });
  });

  it("Recreate takes all old pods down first", async () => {
    const harness = await startController(deploymentController, stop.signal);
    await harness.api.client.of(deployments).create(deployment("one", { strategy: { type: "Recreate" } }));
    await harness.settle();
    await play(harness);
    await update(harness, withImage("two"));
    expect(sizes(harness)).toEqual({ one: 0 });
    await play(harness);
    expect(sizes(harness)).toEqual({ one: 0, two: 4 });
  });

  it("does not roll out while paused, but scales", async () => {
    const harness = await startController(deploymentController, stop.signal);
    await harness.api.client.of(deployments).create(deployment("one"));
    await harness.settle();
    await play(harness);
    await update(harness, { spec: { paused: true } });
    await update(harness, withImage("two"));
    await update(harness, { spec: { replicas: 6 } });
    expect(sizes(harness)).toEqual({ one: 6 });
    await update(harness, { spec: { paused: null } });
    await play(harness);
    expect(sizes(harness)).toEqual({ one: 0, two: 6 });
  });

  it("reports a rollout that makes no progress within the deadline", async () => {
    const harness = await startController(deploymentController, stop.signal);
    await harness.api.client.of(deployments).create(deployment("one"));
    await harness.settle();
    await play(harness, () => false);
    await harness.clock.advance(602_000);
    await harness.settle();
    const progressing = harness.api
      .get(deployments, "web", "a")
      ?.status?.conditions?.find(({ type }) => type === "Progressing");
    expect(progressing).toMatchObject({ status: "False", reason: "ProgressDeadlineExceeded" });
  });
});

it("shares a scaling amid a rollout in proportion", () => {
  const set = (name: string, replicas: number): ReplicaSet => ({
    metadata: { name, annotations: { "deployment.kubernetes.io/max-replicas": "13" } },
    spec: { replicas, selector: {} },
  });
  const scaled = deployment("x", {
    replicas: 15,
    strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } },
  });
  const result = proportionalSizes(scaled, [set("old", 8), set("new", 5)]);
  expect([...result].map(([{ metadata }, size]) => [metadata?.name, size])).toEqual([
    ["old", 11],
    ["new", 7],
  ]);
});
