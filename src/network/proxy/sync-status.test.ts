import { describe, expect, it } from "vitest";
import { FakeClock } from "../../lib/fake-clock.ts";
import { listServiceCidrs } from "./service-cidrs.ts";
import { createSyncStatus, isNodeEligible } from "./sync-status.ts";

const sync = async (): Promise<void> => undefined;
const fail = async (): Promise<void> => {
  throw new Error("refused");
};

describe("the proxy's health", () => {
  it("is good unless a change has waited for a minute", async () => {
    const clock = new FakeClock();
    const status = createSyncStatus(clock);
    await clock.advance(300_000);
    expect(status.health().healthy).toBe(true);
    status.queued();
    await clock.advance(59_000);
    expect(status.health().healthy).toBe(true);
    status.queued();
    await expect(status.run(fail)).rejects.toThrow("refused");
    await clock.advance(2000);
    expect(status.health().healthy).toBe(false);
    await status.run(sync);
    expect(status.health()).toMatchObject({ healthy: true, lastUpdated: status.health().currentTime });
    expect(status.renderMetrics()).toContain(
      'kubeproxy_sync_proxy_rules_nftables_sync_failures_total{ip_family="IPv4"} 1\n',
    );
  });

  it("keeps load balancers away from a node that is unknown or about to go", () => {
    expect(isNodeEligible(undefined)).toBe(false);
    expect(isNodeEligible({ metadata: { name: "a" } })).toBe(true);
    const taints = [{ key: "ToBeDeletedByClusterAutoscaler", effect: "NoSchedule" }];
    expect(isNodeEligible({ metadata: { name: "a" }, spec: { taints } })).toBe(false);
  });
});

it("ServiceCIDRs become disjoint intervals of IPv4", () => {
  const range = (...cidrs: string[]) => ({ spec: { cidrs } });
  const ranges = [
    range("10.96.0.0/12", "fd00::/112"),
    range("203.0.113.0/24"),
    range("10.96.4.0/24"),
    range("10.96.0.0/12"),
  ];
  expect(listServiceCidrs(ranges)).toEqual(["10.96.0.0/12", "203.0.113.0/24"]);
});
