import { afterAll, describe, expect, it } from "vitest";
import { namespaces, nodes, pods, services } from "../client/resources.ts";
import { createFakeApi, type FakeApi } from "../client/testing/fake-api.ts";
import type { Node, Pod, PodSpec } from "../kinds/generated/core-v1.ts";
import { FakeClock } from "../lib/fake-clock.ts";
import { createScheduler } from "./scheduler.ts";

const stop = new AbortController();
afterAll(() => stop.abort());

const node = (
  name: string,
  change: { labels?: Record<string, string>; spec?: Node["spec"]; cpu?: string } = {},
): Node => ({
  metadata: { name, labels: { "kubernetes.io/hostname": name, ...change.labels } },
  ...(change.spec === undefined ? {} : { spec: change.spec }),
  status: { allocatable: { cpu: change.cpu ?? "2", memory: "4Gi", pods: "110" } },
});
const pod = (name: string, spec: Partial<PodSpec> = {}, cpu = "100m", labels: Record<string, string> = {}): Pod => ({
  metadata: { name, namespace: "a", labels },
  spec: {
    schedulerName: "default-scheduler",
    containers: [{ name: "c", image: "i", resources: { requests: { cpu } } }],
    ...spec,
  },
});

async function start(...initial: Node[]): Promise<{
  api: FakeApi;
  clock: FakeClock;
  events: string[];
  settle(ms?: number): Promise<void>;
  placed(): Record<string, string | undefined>;
}> {
  const clock = new FakeClock();
  const api = createFakeApi(clock);
  const events: string[] = [];
  await api.seed(nodes, ...initial);
  const recorder = {
    event: (_: unknown, type: string, reason: string, message: string) =>
      void events.push(`${type} ${reason} ${message}`),
  };
  await createScheduler({ client: api.client, informers: api.informers, recorder, clock }).start(stop.signal);
  return {
    api,
    clock,
    events,
    async settle(ms = 0) {
      await clock.advance(ms);
      for (let i = 0; i < 30; i++) await new Promise((resolve) => setImmediate(resolve));
    },
    placed: () => Object.fromEntries(api.list(pods).map((one) => [one.metadata?.name, one.spec?.nodeName])),
  };
}

describe("scheduler", () => {
  it("binds a pod, and says so", async () => {
    const { api, events, settle, placed } = await start(node("n1"));
    await api.client.of(pods).create(pod("p"));
    await settle();
    expect(placed()).toEqual({ p: "n1" });
    expect(events).toEqual(["Normal Scheduled Successfully assigned a/p to n1"]);
  });

  it("explains why no node fits, and tries again when one might", async () => {
    const { api, events, settle, placed } = await start(
      node("n1", { cpu: "1" }),
      node("n2", { spec: { unschedulable: true } }),
      node("n3", { spec: { taints: [{ key: "k", effect: "NoSchedule" }] } }),
    );
    await api.client.of(pods).create(pod("p", {}, "1500m"));
    await settle();
    const message =
      "0/3 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.";
    expect(events).toEqual([`Warning FailedScheduling ${message}`]);
    expect(api.get(pods, "p", "a")?.status?.conditions?.[0]).toMatchObject({
      type: "PodScheduled",
      status: "False",
      reason: "Unschedulable",
      message,
      observedGeneration: 1,
    });
    await api.client.of(nodes).patch("n2", { spec: { unschedulable: null } }, { type: "merge" });
    await settle(1000);
    expect(placed()).toEqual({ p: "n2" });
  });

  it("says that there are no nodes, and waits for one", async () => {
    const { api, events, settle, placed } = await start();
    await api.client.of(pods).create(pod("p"));
    await settle();
    expect(events).toEqual(["Warning FailedScheduling no nodes available to schedule pods"]);
    await api.client.of(nodes).create(node("n1"));
    await settle(1000);
    expect(placed()).toEqual({ p: "n1" });
  });

  it("never places more on a node than fits, however fast pods come", async () => {
    const { api, settle } = await start(node("n1"), node("n2"));
    await Promise.all(Array.from({ length: 10 }, (_, i) => api.client.of(pods).create(pod(`p${i}`, {}, "500m"))));
    await settle();
    const perNode = Map.groupBy(api.list(pods), (one) => one.spec?.nodeName);
    expect([perNode.get("n1")?.length, perNode.get("n2")?.length, perNode.get(undefined)?.length]).toEqual([4, 4, 2]);
  });

  it("spreads the pods of a Service over nodes without being asked", async () => {
    const { api, settle } = await start(node("n1"), node("n2"), node("n3"));
    await api.client.of(services).create({ metadata: { name: "s", namespace: "a" }, spec: { selector: { app: "x" } } });
    for (let i = 0; i < 6; i++) await api.client.of(pods).create(pod(`p${i}`, {}, "1m", { app: "x" }));
    await settle();
    const counts = [...Map.groupBy(api.list(pods), (one) => one.spec?.nodeName).values()].map((list) => list.length);
    expect(counts).toEqual([2, 2, 2]);
  });

  it("preempts the least important pods, and takes their place", async () => {
    const { api, events, settle, placed } = await start(node("n1", { cpu: "1" }));
    await api.client.of(pods).create(pod("low", { priority: 0 }, "600m"));
    await api.client.of(pods).create(pod("mid", { priority: 5 }, "300m"));
    await settle();
    await api.client.of(pods).create(pod("high", { priority: 10 }, "600m"));
    await settle();
    expect(api.get(pods, "low", "a")).toBeUndefined();
    await settle(1000);
    expect(placed()).toEqual({ mid: "n1", high: "n1" });
    expect(events.some((event) => event.startsWith("Normal Preempted Preempted by pod uid-"))).toBe(true);
  });

  it("makes room for each of several pods that come at once, for the most important first", async () => {
    const { api, settle, placed } = await start(node("n1", { cpu: "1" }));
    const client = api.client.of(pods);
    const leaving = (): number =>
      api.list(pods).filter(({ metadata }) => metadata?.deletionTimestamp !== undefined).length;
    for (const name of ["low-1", "low-2"]) {
      const low = pod(name, { priority: 0 }, "500m");
      await client.create({ ...low, metadata: { ...low.metadata, finalizers: ["test/keep"] } });
    }
    await settle();
    for (const name of ["mid-1", "mid-2"]) await client.create(pod(name, { priority: 5 }, "500m"));
    await settle();
    expect(leaving()).toBe(2);
    await client.create(pod("high", { priority: 10 }, "500m"));
    await settle();
    expect(api.get(pods, "high", "a")?.status?.nominatedNodeName).toBe("n1");
    for (const name of ["low-1", "low-2"]) {
      await client.patch(name, { metadata: { finalizers: null } }, { type: "merge", namespace: "a" });
    }
    await settle();
    await settle(10_000);
    const { high, ...others } = placed();
    expect(high).toBe("n1");
    expect(Object.values(others).filter((where) => where === "n1")).toHaveLength(1);
  });

  it("leaves gated pods and other schedulers' pods alone", async () => {
    const { api, settle, placed } = await start(node("n1"));
    await api.client.of(pods).create(pod("gated", { schedulingGates: [{ name: "x" }] }));
    await api.client.of(pods).create(pod("foreign", { schedulerName: "other" }));
    await settle();
    expect(placed()).toEqual({ gated: undefined, foreign: undefined });
    await api.client.of(pods).patch("gated", { spec: { schedulingGates: [] } }, { type: "merge", namespace: "a" });
    await settle();
    expect(placed()["gated"]).toBe("n1");
  });
});

describe("constraints", () => {
  const zones = [
    node("n1", { labels: { zone: "a", disk: "ssd" } }),
    node("n2", { labels: { zone: "b" } }),
    node("n3", { labels: { zone: "b" } }),
  ];
  const affinity = (kind: "podAffinity" | "podAntiAffinity", topologyKey: string): Partial<PodSpec> => ({
    affinity: {
      [kind]: {
        requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey, labelSelector: { matchLabels: { app: "x" } } }],
      },
    },
  });

  it.each<[string, Partial<PodSpec>, string]>([
    ["node selector", { nodeSelector: { disk: "ssd" } }, "n1"],
    [
      "node affinity",
      {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: ["n3"] }] }],
            },
          },
        },
      },
      "n3",
    ],
    [
      "preferred node affinity",
      {
        affinity: {
          nodeAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              { weight: 100, preference: { matchExpressions: [{ key: "disk", operator: "Exists" }] } },
            ],
          },
        },
      },
      "n1",
    ],
  ])("%s", async (_, spec, expected) => {
    const { api, settle, placed } = await start(...zones);
    await api.client.of(pods).create(pod("p", spec));
    await settle();
    expect(placed()["p"]).toBe(expected);
  });

  it("pod affinity joins, also with itself at first; anti-affinity keeps apart, both ways", async () => {
    const { api, settle, placed, events } = await start(...zones);
    await api.client
      .of(pods)
      .create(pod("first", { ...affinity("podAffinity", "zone"), nodeSelector: { disk: "ssd" } }, "1m", { app: "x" }));
    await settle();
    await api.client.of(pods).create(pod("joins", affinity("podAffinity", "zone"), "1m"));
    await api.client.of(pods).create(pod("avoids", affinity("podAntiAffinity", "zone"), "1m"));
    await settle();
    expect(placed()).toMatchObject({ first: "n1", joins: "n1" });
    expect(placed()["avoids"]).not.toBe("n1");
    await api.client.of(pods).create(pod("unwelcome", { nodeSelector: { zone: "b" } }, "1m", { app: "x" }));
    await settle();
    expect(events.at(-1)).toContain("2 node(s) didn't satisfy existing pods anti-affinity rules");
  });

  it.each<["podAffinity" | "podAntiAffinity", "incoming" | "placed", string]>([
    ["podAffinity", "incoming", "n1"],
    ["podAntiAffinity", "incoming", "n2"],
    ["podAffinity", "placed", "n1"],
    ["podAntiAffinity", "placed", "n2"],
  ])("a preferred %s of the %s pod decides between nodes alike: %s", async (kind, bearer, expected) => {
    const preference: Partial<PodSpec> = {
      affinity: {
        [kind]: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 100, podAffinityTerm: { topologyKey: "zone", labelSelector: { matchLabels: { app: "x" } } } },
          ],
        },
      },
    };
    const { api, settle, placed } = await start(zones[0] as Node, zones[1] as Node);
    const first = pod("first", { ...(bearer === "placed" ? preference : {}), nodeSelector: { zone: "a" } }, "1m", {
      app: "x",
    });
    await api.client.of(pods).create(first);
    await settle();
    await api.client.of(pods).create(pod("second", bearer === "incoming" ? preference : {}, "1m", { app: "x" }));
    await settle();
    expect(placed()["second"]).toBe(expected);
  });

  it("pod affinity follows the labels of namespaces, and forgets pods that are gone", async () => {
    const { api, settle, placed } = await start(...zones);
    await api.seed(namespaces, { metadata: { name: "a" } }, { metadata: { name: "b" } });
    const elsewhere = pod("elsewhere", { nodeName: "n1" }, "1m", { app: "x" });
    await api.seed(pods, { ...elsewhere, metadata: { ...elsewhere.metadata, namespace: "b" } });
    const term = {
      topologyKey: "zone",
      labelSelector: { matchLabels: { app: "x" } },
      namespaceSelector: { matchLabels: { team: "t" } },
    };
    const follows: Partial<PodSpec> = {
      affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } },
    };
    await api.client.of(pods).create(pod("early", follows, "1m"));
    await settle();
    expect(placed()["early"]).toBeUndefined();
    await api.client.of(namespaces).update({ metadata: { name: "b", labels: { team: "t" } } });
    await settle();
    await settle(60_000);
    expect(placed()["early"]).toBe("n1");
    await api.client.of(pods).delete("elsewhere", { namespace: "b" });
    await api.client.of(pods).create(pod("late", follows, "1m"));
    await settle();
    expect(placed()["late"]).toBeUndefined();
  });

  it("hard topology spread keeps the skew", async () => {
    const { api, settle, placed } = await start(...zones);
    const spread: Partial<PodSpec> = {
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: "zone",
          whenUnsatisfiable: "DoNotSchedule",
          labelSelector: { matchLabels: { app: "s" } },
        },
      ],
    };
    for (let i = 0; i < 4; i++) {
      await api.client.of(pods).create(pod(`p${i}`, spread, "1m", { app: "s" }));
      await settle();
    }
    const inA = Object.values(placed()).filter((name) => name === "n1").length;
    expect(inA).toBe(2);
  });

  it("host ports", async () => {
    const { api, settle, events } = await start(node("n1"));
    const spec: Partial<PodSpec> = { containers: [{ name: "c", ports: [{ containerPort: 80, hostPort: 80 }] }] };
    await api.client.of(pods).create(pod("p1", spec));
    await api.client.of(pods).create(pod("p2", spec));
    await settle();
    expect(events.join()).toContain(
      "1 node(s) didn't have free ports for the requested pod ports. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.",
    );
  });
});
