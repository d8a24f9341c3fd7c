import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../../lib/fake-clock.ts";
import { createLogger } from "../../lib/log.ts";
import { TestClient } from "../client-for-test.ts";
import { startForTest, type TestServer } from "../start-for-test.ts";
import { FakeObjects } from "../testing/fake-objects.ts";
import { formatDuration } from "./duration.ts";
import { parseResourceMetrics } from "./exposition.ts";
import { UsageHistory } from "./history.ts";
import { Scraper } from "./scraper.ts";

const series = 'container="c",namespace="ns",pod="p"';

/** What a kubelet answers `seconds` after the epoch of the test, CPU time in seconds. */
function exposition(at: number, cpu: { node: number; container: number }, started = 0): string {
  return [
    "# TYPE container_cpu_usage_seconds_total counter",
    `container_cpu_usage_seconds_total{${series}} ${cpu.container} ${at}`,
    `container_memory_working_set_bytes{${series}} 1048576 ${at}`,
    `container_start_time_seconds{${series}} ${started / 1000}`,
    `node_cpu_usage_seconds_total ${cpu.node} ${at}`,
    `node_memory_working_set_bytes 2.097152e+06 ${at}`,
    `pod_cpu_usage_seconds_total{namespace="ns",pod="p"} 99 ${at}`,
    "",
  ].join("\n");
}

describe("what a kubelet exposes", () => {
  it("becomes points of the node and of containers", () => {
    const { node, pods } = parseResourceMetrics(exposition(5000, { node: 12.5, container: 1.25 }, 2500), 9000);
    expect(node).toEqual({ started: 0, at: 5000, cpuNanoseconds: 12_500_000_000, memoryBytes: 2_097_152 });
    expect(pods).toEqual(
      new Map([
        ["ns/p", new Map([["c", { started: 2500, at: 5000, cpuNanoseconds: 1_250_000_000, memoryBytes: 1_048_576 }]])],
      ]),
    );
  });

  it("may lack timestamps, but no figures", () => {
    const text = [
      "node_cpu_usage_seconds_total 1",
      'container_cpu_usage_seconds_total{pod="a",namespace="ns",container="c"} 1',
      'container_memory_working_set_bytes{pod="a",namespace="ns",container="c"} 1',
      'container_cpu_usage_seconds_total{pod="b",namespace="ns",container="c"} 1',
    ];
    const { node, pods } = parseResourceMetrics(text.join("\n"), 9000);
    expect(node).toBeUndefined();
    expect([...pods.keys()]).toEqual(["ns/a"]);
    expect(pods.get("ns/a")?.get("c")?.at).toBe(9000);
  });
});

describe("the use between two points", () => {
  const epoch = Date.UTC(2026, 0, 1);
  const scrape = (at: number, container: number, started: number) =>
    parseResourceMetrics(exposition(epoch + at, { node: 1 + at / 4000, container }, epoch + started), 0);
  const ofPod = (history: UsageHistory) => history.ofPod("node", "ns", "p")?.get("c");

  it("is a rate over the window between them", () => {
    const history = new UsageHistory();
    history.add("node", scrape(1000, 1, -600_000));
    expect(history.ofNode("node")).toBeUndefined();
    expect(ofPod(history)).toBeUndefined();
    history.add("node", scrape(16_000, 2.5, -600_000));
    expect(ofPod(history)).toEqual({
      at: epoch + 16_000,
      windowMs: 15_000,
      nanocores: 100_000_000,
      memoryBytes: 1_048_576,
    });
    expect(history.ofNode("node")).toMatchObject({ windowMs: 15_000, nanocores: 250_000_000 });
    history.add("node", scrape(16_000, 2.5, -600_000));
    expect(ofPod(history)?.windowMs).toBe(15_000);
  });

  it.each([
    { case: "young enough, but not too young: since its start", age: 20_000, expected: 20_000 },
    { case: "a moment old: nothing yet", age: 3_000, expected: undefined },
    { case: "old, and seen for the first time: nothing yet", age: 120_000, expected: undefined },
  ])("of a container that is $case", ({ age, expected }) => {
    const history = new UsageHistory();
    history.add("node", scrape(16_000, 2, 16_000 - age));
    expect(ofPod(history)?.windowMs).toBe(expected);
  });

  it("begins anew with a container that was restarted", () => {
    const history = new UsageHistory();
    history.add("node", scrape(1000, 100, -600_000));
    history.add("node", scrape(16_000, 0.5, 14_000));
    expect(ofPod(history)).toBeUndefined();
    history.add("node", scrape(31_000, 2, 14_000));
    expect(ofPod(history)).toMatchObject({ windowMs: 15_000, nanocores: 100_000_000 });
  });
});

describe("looking at nodes", () => {
  let clock: FakeClock;
  let asked: string[];
  let failing: Set<string>;
  let endless: Readable;
  let objects: FakeObjects;
  let history: UsageHistory;
  let scraper: Scraper;
  const putNode = (name: string, ready: boolean) =>
    objects.put("", "nodes", {
      metadata: { name },
      status: { conditions: [{ type: "Ready", status: ready ? "True" : "Unknown" }] },
    });
  /** `ms`: for how long the looking waits between two points. */
  const refresh = async (ms = 0, start = () => scraper.refresh()) => {
    const refreshed = start();
    // Answers are streams, which take some turns to be read.
    for (let turn = 0; turn < 10; turn++) await clock.advance(0);
    await clock.advance(ms);
    await refreshed;
  };

  beforeEach(() => {
    clock = new FakeClock();
    asked = [];
    failing = new Set();
    endless = new Readable({ read: () => endless.push(Buffer.alloc(64 * 1024, "#")) });
    objects = new FakeObjects();
    history = new UsageHistory();
    const kubelets = {
      addressOf: (_: unknown, host: string) => ({ host, port: 10250, servername: host }),
      get: async ({ host }: { host: string }) => {
        asked.push(host);
        if (failing.has(host)) throw new Error("connection refused");
        if (host === "endless") return Object.assign(endless, { statusCode: 200 }) as unknown as IncomingMessage;
        const seconds = clock.now() / 1000;
        const body = exposition(clock.now(), { node: seconds / 4, container: seconds / 10 });
        return Object.assign(Readable.from([Buffer.from(body)]), { statusCode: 200 }) as unknown as IncomingMessage;
      },
    };
    const log = createLogger("test", () => undefined);
    scraper = new Scraper({ reader: objects, kubelets, history, clock, log });
    putNode("a", true);
    putNode("away", false);
  });

  it("asks Ready nodes alone, and one that was not looked at twice within a second", async () => {
    await refresh(1000);
    expect(asked).toEqual(["a", "a"]);
    expect(history.ofNode("a")).toMatchObject({ windowMs: 1000, nanocores: 250_000_000 });
  });

  it("gives the same figures for ten seconds, then those since the last look", async () => {
    await refresh(1000);
    await clock.advance(5_000);
    await refresh();
    expect(asked).toHaveLength(2);
    await clock.advance(9_000);
    await refresh();
    expect(asked).toHaveLength(3);
    expect(history.ofNode("a")?.windowMs).toBe(14_000);
    await clock.advance(120_000);
    await refresh(1000);
    expect(history.ofNode("a")?.windowMs).toBe(1000);
  });

  it("forgets nodes that fail or leave, and does not let one hold up the others", async () => {
    putNode("b", true);
    await refresh(1000);
    failing.add("b");
    putNode("a", false);
    putNode("c", true);
    await clock.advance(15_000);
    await refresh(1000);
    expect(history.ofNode("a")).toBeUndefined();
    expect(history.ofNode("b")).toBeUndefined();
    expect(history.ofNode("c")).toMatchObject({ windowMs: 1000 });
  });

  it("takes no more of a kubelet's answer than one has to say", async () => {
    putNode("endless", true);
    await refresh(1000);
    expect(history.ofNode("endless")).toBeUndefined();
    expect(endless.destroyed).toBe(true);
    expect(history.ofNode("a")).toBeDefined();
  });

  it("asks once for all who ask at the same time", async () => {
    await refresh(1000, async () => {
      await Promise.all([scraper.refresh(), scraper.refresh()]);
    });
    expect(asked).toEqual(["a", "a"]);
  });
});

it.each([
  [0, "0s"],
  [900, "900ms"],
  [15_062, "15.062s"],
  [60_000, "1m0s"],
  [3_661_500, "1h1m1.5s"],
])("prints %d milliseconds as %s", (milliseconds, text) => expect(formatDuration(milliseconds)).toBe(text));

describe("the API", () => {
  const path = "/apis/metrics.k8s.io/v1beta1";
  const apiService = "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io";
  let server: TestServer;
  let client: TestClient;
  const groups = async () =>
    (await client.get("/apis")).body.groups.map(({ name }: { name: string }) => name) as string[];

  beforeAll(async () => {
    server = await startForTest();
    client = new TestClient(server);
  });
  afterAll(async () => {
    client.close();
    await server.stop();
  });

  it("is discovered, read-only, and knows objects without figures from those that are not there", async () => {
    expect(await groups()).toContain("metrics.k8s.io");
    expect((await client.get(path)).body.resources).toMatchObject([
      { name: "nodes", kind: "NodeMetrics", namespaced: false, verbs: ["get", "list"] },
      { name: "pods", kind: "PodMetrics", namespaced: true, verbs: ["get", "list"] },
    ]);
    expect((await client.get(`${path}/namespaces/default/pods`)).body).toEqual({
      kind: "PodMetricsList",
      apiVersion: "metrics.k8s.io/v1beta1",
      metadata: {},
      items: [],
    });
    expect((await client.get(`${path}/nodes/nosuch`)).body.message).toBe('node "nosuch" not found');
    await client.post("/api/v1/nodes", { metadata: { name: "silent" } });
    const silent = await client.get(`${path}/nodes/silent`);
    expect(silent.code).toBe(404);
    expect(silent.body.message).toBe('nodemetrics.metrics.k8s.io "silent" not found');
    expect((await client.post(`${path}/nodes`, {})).code).toBe(405);
    expect((await client.get(`${path}/nodes?labelSelector=((`)).code).toBe(400);
    const openapi = await client.get("/openapi/v3/apis/metrics.k8s.io/v1beta1");
    expect(Object.keys(openapi.body.components.schemas)).toContain(
      "io.k8s.metrics.pkg.apis.metrics.v1beta1.PodMetrics",
    );
  });

  it("is served by whom its APIService says", async () => {
    const local = (await client.get(apiService)).body;
    expect(local.status.conditions).toMatchObject([{ type: "Available", status: "True", reason: "Local" }]);
    const service = { name: "metrics-server", namespace: "kube-system", port: 443 };
    const theirs = await client.patch(apiService, { spec: { service, insecureSkipTLSVerify: true } });
    expect(theirs.code).toBe(200);
    expect((await client.get(`${path}/nodes`)).code).toBe(503);
    expect(await groups()).not.toContain("metrics.k8s.io");
    await client.patch(apiService, { spec: { service: null, insecureSkipTLSVerify: null } });
    expect((await client.get(`${path}/nodes`)).code).toBe(200);
    await client.delete(apiService);
    expect((await client.get(`${path}/nodes`)).code).toBe(404);
    expect(await groups()).not.toContain("metrics.k8s.io");
  });
});
