import { describe, expect, it } from "vitest";
import { pods, replicaSets } from "../../client/resources.ts";
import type { ReplicaSet } from "../../kinds/generated/apps-v1.ts";
import type { Pod } from "../../kinds/generated/core-v1.ts";
import { FakeClock } from "../../lib/fake-clock.ts";
import { StatusError } from "../../machinery/errors/status-error.ts";
import { startController } from "../framework/controller-harness.ts";
import { podsToDelete } from "./deletion-ranking.ts";
import { replicaSetController } from "./replica-set.ts";

const stop = new AbortController();

const set = (replicas: number): ReplicaSet => ({
  metadata: { name: "web", namespace: "a" },
  spec: {
    replicas,
    selector: { matchLabels: { app: "web" } },
    template: { metadata: { labels: { app: "web" } }, spec: { containers: [] } },
  },
});

describe("ReplicaSet controller", () => {
  it("creates the pods that are missing, and reports them", async () => {
    const { api, settle } = await startController(replicaSetController, stop.signal);
    await api.client.of(replicaSets).create(set(3));
    await settle();
    expect(api.list(pods)).toHaveLength(3);
    expect(api.list(pods)[0]?.metadata?.ownerReferences?.[0]).toMatchObject({
      kind: "ReplicaSet",
      name: "web",
      controller: true,
    });
    expect(api.get(replicaSets, "web", "a")?.status).toMatchObject({
      replicas: 3,
      readyReplicas: 0,
      observedGeneration: 1,
    });
  });

  it("never creates more than asked for while its cache lags", async () => {
    const { api, settle } = await startController(replicaSetController, stop.signal);
    await api.client.of(replicaSets).create(set(2));
    await settle();
    api.pause();
    const first = api.list(pods)[0];
    await api.client.of(pods).delete(first?.metadata?.name ?? "", { namespace: "a" });
    await api.client.of(replicaSets).patch("web", { spec: { replicas: 3 } }, { type: "merge", namespace: "a" });
    api.resume();
    api.pause();
    await settle();
    await api.client
      .of(replicaSets)
      .patch("web", { metadata: { labels: { x: "y" } } }, { type: "merge", namespace: "a" });
    api.resume();
    await settle();
    expect(api.list(pods)).toHaveLength(3);
  });

  it("adopts orphans that match, and deletes what is too much", async () => {
    const { api, settle } = await startController(replicaSetController, stop.signal);
    await api.client
      .of(pods)
      .create({ metadata: { name: "lone", namespace: "a", labels: { app: "web" } }, spec: { containers: [] } });
    await api.client.of(replicaSets).create(set(1));
    await settle();
    expect(api.list(pods).map((pod) => pod.metadata?.name)).toEqual(["lone"]);
    await api.client.of(replicaSets).patch("web", { spec: { replicas: 0 } }, { type: "merge", namespace: "a" });
    await settle();
    expect(api.list(pods)).toHaveLength(0);
  });

  it("starts slowly where creation fails, and says so in the status", async () => {
    const { api, settle } = await startController(replicaSetController, stop.signal);
    let attempts = 0;
    api.intercept(({ verb, plural }) => {
      if (verb !== "create" || plural !== "pods") return;
      attempts++;
      throw new StatusError({ code: 403, reason: "Forbidden", message: "exceeded quota" });
    });
    await api.client.of(replicaSets).create(set(10));
    await settle(0);
    expect(attempts).toBeLessThan(4);
    expect(api.get(replicaSets, "web", "a")?.status?.conditions?.[0]).toMatchObject({
      type: "ReplicaFailure",
      reason: "FailedCreate",
      message: "exceeded quota",
    });
  });
});

describe("deletion ranking", () => {
  const now = new FakeClock().now();
  const pod = (name: string, change: Partial<Pod> = {}): Pod => ({
    metadata: { name, uid: name, creationTimestamp: "2025-12-31T00:00:00Z" },
    spec: { containers: [], nodeName: "n1" },
    status: {
      phase: "Running",
      conditions: [{ type: "Ready", status: "True", lastTransitionTime: "2025-12-31T00:00:00Z" }],
    },
    ...change,
  });
  const names = (list: Pod[]): (string | undefined)[] => list.map((one) => one.metadata?.name);
  it.each<[string, Pod, Pod]>([
    ["unassigned", pod("x", { spec: { containers: [] } }), pod("a")],
    ["pending", pod("x", { status: { phase: "Pending" } }), pod("a")],
    ["not ready", pod("x", { status: { phase: "Running" } }), pod("a")],
    [
      "cheap",
      pod("x", {
        metadata: { uid: "x", name: "x", annotations: { "controller.kubernetes.io/pod-deletion-cost": "-5" } },
      }),
      pod("a"),
    ],
  ])("takes the %s pod first", (_, first, second) => {
    expect(names(podsToDelete([second, first], [], 1, now))).toEqual(["x"]);
  });
  it("takes from the crowded node first", () => {
    const crowd = [pod("a"), pod("b"), pod("x", { spec: { containers: [], nodeName: "n2" } })];
    expect(names(podsToDelete(crowd, crowd, 1, now))).not.toEqual(["x"]);
  });
});
