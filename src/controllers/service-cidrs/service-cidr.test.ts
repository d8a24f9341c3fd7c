import { afterAll, describe, expect, it } from "vitest";
import { ipAddresses, serviceCIDRs } from "../../client/resources.ts";
import type { IPAddress, ServiceCIDR } from "../../kinds/generated/networking-v1.ts";
import { allocatorLabels } from "../../kinds/networking/ip-address/labels.ts";
import { type Harness, startController } from "../framework/controller-harness.ts";
import { serviceCIDRController, serviceCIDRFinalizer } from "./service-cidr.ts";

const stop = new AbortController();
afterAll(() => stop.abort());

const range = (name: string, ...cidrs: string[]): ServiceCIDR => ({ metadata: { name }, spec: { cidrs } });
const used = (name: string): IPAddress => ({
  metadata: { name, labels: allocatorLabels(name) },
  spec: { parentRef: { resource: "services", namespace: "default", name: "web" } },
});
const gracePeriodMs = 11_000;

async function start(...ranges: ServiceCIDR[]): Promise<Harness> {
  const harness = await startController(serviceCIDRController, stop.signal, (api) => api.seed(serviceCIDRs, ...ranges));
  await harness.settle();
  return harness;
}

function readyOf({ api }: Harness, name: string): string {
  const ready = api.get(serviceCIDRs, name)?.status?.conditions?.find(({ type }) => type === "Ready");
  return `${ready?.status} ${ready?.reason}`;
}

const isThere = ({ api }: Harness, name: string): boolean => api.get(serviceCIDRs, name) !== undefined;

describe("the controller of ServiceCIDRs", () => {
  it("marks each ready and protects it", async () => {
    const harness = await start(range("kubernetes", "10.96.0.0/12"));
    expect(readyOf(harness, "kubernetes")).toBe("True ");
    expect(harness.api.get(serviceCIDRs, "kubernetes")?.metadata?.finalizers).toEqual([serviceCIDRFinalizer]);
    expect(harness.api.actions).toHaveLength(2);
  });

  it("lets one go that nobody uses, after the time that the allocator may need to notice", async () => {
    const harness = await start(range("more", "10.0.0.0/24"));
    await harness.api.client.of(serviceCIDRs).delete("more");
    await harness.settle(5000);
    expect(isThere(harness, "more")).toBe(true);
    await harness.settle(gracePeriodMs);
    expect(isThere(harness, "more")).toBe(false);
  });

  it("keeps one whose addresses are used until they are not, and says so", async () => {
    const harness = await start(range("more", "10.0.0.0/24"));
    await harness.api.seed(ipAddresses, used("10.0.0.7"));
    await harness.api.client.of(serviceCIDRs).delete("more");
    await harness.settle(gracePeriodMs);
    expect(readyOf(harness, "more")).toBe("False Terminating");
    await harness.api.client.of(ipAddresses).delete("10.0.0.7");
    await harness.settle(gracePeriodMs);
    expect(isThere(harness, "more")).toBe(false);
  });

  it("lets one go whose addresses others have too, also those that come later", async () => {
    const harness = await start(range("small", "10.0.0.0/24"), range("large", "10.0.0.0/16"));
    await harness.api.seed(ipAddresses, used("10.0.0.7"));
    await harness.api.client.of(serviceCIDRs).delete("small");
    await harness.settle(gracePeriodMs);
    expect(isThere(harness, "small")).toBe(false);
    await harness.api.client.of(serviceCIDRs).delete("large");
    await harness.settle(gracePeriodMs);
    expect(isThere(harness, "large")).toBe(true);
    await harness.api.client.of(serviceCIDRs).create(range("instead", "10.0.0.0/28"));
    await harness.settle(gracePeriodMs);
    expect(isThere(harness, "large")).toBe(false);
  });

  it("does not wait for IPAddresses of somebody else", async () => {
    const harness = await start(range("more", "10.0.0.0/24"));
    await harness.api.seed(ipAddresses, { ...used("10.0.0.7"), metadata: { name: "10.0.0.7" } });
    await harness.api.client.of(serviceCIDRs).delete("more");
    await harness.settle(gracePeriodMs);
    expect(isThere(harness, "more")).toBe(false);
  });
});
