import { afterAll, describe, expect, it } from "vitest";
import { endpointSlices, endpoints, nodes, pods, services } from "../../client/resources.ts";
import type { Pod, Service } from "../../kinds/generated/core-v1.ts";
import { endpointsController } from "../endpoints/endpoints.ts";
import { type Harness, startController } from "../framework/controller-harness.ts";
import { endpointSliceController } from "./endpoint-slice.ts";

const stop = new AbortController();
afterAll(() => stop.abort());

const service = (spec: Partial<NonNullable<Service["spec"]>> = {}): Service => ({
  metadata: { name: "s", namespace: "a", labels: { tier: "web" } },
  spec: {
    selector: { app: "x" },
    ipFamilies: ["IPv4"],
    ports: [{ name: "http", port: 80, targetPort: "web", protocol: "TCP" }],
    ...spec,
  },
});
const pod = (index: number, ready = true, port = 8080): Pod => ({
  metadata: { name: `p${index}`, uid: `p${index}`, namespace: "a", labels: { app: "x" } },
  spec: { nodeName: "n1", containers: [{ name: "c", ports: [{ name: "web", containerPort: port }] }] },
  status: {
    phase: "Running",
    podIP: `10.0.${index >> 8}.${index & 255}`,
    conditions: [{ type: "Ready", status: ready ? "True" : "False" }],
  },
});
const start = (count: number): Promise<Harness> =>
  startController(endpointSliceController, stop.signal, async (api) => {
    await api.seed(nodes, { metadata: { name: "n1", labels: { "topology.kubernetes.io/zone": "z" } } });
    await api.seed(pods, ...Array.from({ length: count }, (_, index) => pod(index)));
  });
const sizes = ({ api }: Harness): number[] =>
  api
    .list(endpointSlices)
    .map((slice) => slice.endpoints?.length ?? 0)
    .sort((a, b) => b - a);

describe("EndpointSlice controller", () => {
  it("lists the pods of a Service, with port, node, zone and readiness", async () => {
    const harness = await start(1);
    await harness.api.client.of(services).create(service());
    await harness.settle();
    const [slice] = harness.api.list(endpointSlices);
    expect(slice?.metadata?.labels).toEqual({
      tier: "web",
      "kubernetes.io/service-name": "s",
      "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
    });
    expect(slice).toMatchObject({
      addressType: "IPv4",
      ports: [{ name: "http", port: 8080, protocol: "TCP" }],
      endpoints: [
        {
          addresses: ["10.0.0.0"],
          conditions: { ready: true, serving: true, terminating: false },
          nodeName: "n1",
          zone: "z",
          targetRef: { kind: "Pod", name: "p0" },
        },
      ],
    });
  });

  it("holds at most 100 endpoints in a slice, and changes one slice for one pod", async () => {
    const harness = await start(150);
    await harness.api.client.of(services).create(service());
    await harness.settle();
    expect(sizes(harness)).toEqual([100, 50]);
    harness.api.actions.length = 0;
    await harness.api.client.of(pods).delete("p3", { namespace: "a" });
    await harness.settle();
    expect(sizes(harness)).toEqual([99, 50]);
    expect(harness.api.actions.filter(({ plural }) => plural === "endpointslices")).toHaveLength(1);
  });

  it("separates pods with different ports, and keeps an empty slice for a Service without pods", async () => {
    const harness = await start(1);
    await harness.api.client.of(services).create(service());
    await harness.api.client.of(pods).create(pod(1, true, 9090));
    await harness.settle();
    expect(sizes(harness)).toEqual([1, 1]);
    for (const name of ["p0", "p1"]) await harness.api.client.of(pods).delete(name, { namespace: "a" });
    await harness.settle();
    expect(sizes(harness)).toEqual([0]);
  });

  it("goes on at once where somebody else has just removed the slice that it removes", async () => {
    const harness = await start(1);
    const { api } = harness;
    const slices = api.client.of(endpointSlices);
    await api.client.of(services).create(service());
    await api.client.of(pods).create(pod(1, true, 9090));
    await harness.settle();
    const other = api.list(endpointSlices).find(({ ports }) => ports?.[0]?.port === 9090)?.metadata?.name ?? "";
    let gone: Promise<void> | undefined;
    api.intercept(({ verb, plural }) => {
      if (plural === "endpointslices" && verb === "update") gone ??= slices.delete(other, { namespace: "a" });
    });
    api.pause();
    await api.client.of(pods).updateStatus(pod(0, false));
    await api.client.of(pods).delete("p1", { namespace: "a" });
    api.resume();
    await harness.settle();
    await gone;
    expect(sizes(harness)).toEqual([1]);
    await api.client.of(pods).updateStatus(pod(0, true));
    await harness.settle();
    expect(api.list(endpointSlices)[0]?.endpoints?.[0]?.conditions?.ready).toBe(true);
  });
});

it("Endpoints tell ready from not ready addresses", async () => {
  const harness = await startController(endpointsController, stop.signal, (api) =>
    api.seed(pods, pod(1), pod(2, false)),
  );
  await harness.api.client.of(services).create(service());
  await harness.settle();
  expect(harness.api.get(endpoints, "s", "a")?.subsets).toMatchObject([
    { addresses: [{ ip: "10.0.0.1" }], notReadyAddresses: [{ ip: "10.0.0.2" }], ports: [{ name: "http", port: 8080 }] },
  ]);
});
