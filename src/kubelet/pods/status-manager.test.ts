import { describe, expect, it } from "vitest";
import { pods } from "../../client/resources.ts";
import { createFakeApi } from "../../client/testing/fake-api.ts";
import { FakeClock } from "../../lib/fake-clock.ts";
import { createLogger } from "../../lib/log.ts";
import { makePod } from "../testing/runtime-objects.ts";
import { createMirrorPods } from "./mirror-pods.ts";
import { createStatusManager, statusPatch } from "./status-manager.ts";

describe("statusPatch", () => {
  it("holds only what changed, and clears what is gone", () => {
    const from = {
      phase: "Pending",
      reason: "Old",
      podIPs: [{ ip: "10.0.0.1" }],
      conditions: [
        { type: "Ready", status: "False", reason: "ContainersNotReady" },
        { type: "PodScheduled", status: "True" },
        { type: "PodResizeInProgress", status: "True" },
        { type: "example.com/other", status: "True" },
      ],
    };
    const to = {
      phase: "Running",
      podIPs: [{ ip: "10.0.0.2" }],
      conditions: [
        { type: "Ready", status: "True" },
        { type: "PodScheduled", status: "True" },
      ],
    };
    expect(statusPatch(from, to)).toEqual({
      phase: "Running",
      reason: null,
      podIPs: [{ $patch: "replace" }, { ip: "10.0.0.2" }],
      conditions: [
        { $patch: "delete", type: "PodResizeInProgress" },
        { type: "Ready", status: "True", reason: null },
      ],
    });
  });

  it("is empty when nothing changed", () => {
    expect(statusPatch({ phase: "Running" }, { phase: "Running" })).toEqual({});
  });
});

describe("status manager", () => {
  const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

  it("writes each change once, keeps transition times, and removes a deleted pod at the end", async () => {
    const clock = new FakeClock();
    const api = createFakeApi(clock);
    const created = await api.client.of(pods).create(makePod());
    const manager = createStatusManager(
      api.client,
      createMirrorPods(api.client, api.informers.of(pods).lister, () => undefined),
      clock,
      createLogger("test", () => undefined),
    );
    const status = { phase: "Running", conditions: [{ type: "Ready", status: "True" }] };
    manager.set(created, status);
    await settle();
    const time = manager.get(created.metadata?.uid ?? "")?.conditions?.[0]?.lastTransitionTime;
    await clock.advance(60_000);
    manager.set(created, status);
    await settle();
    expect(api.actions.filter(({ verb }) => verb === "patch")).toHaveLength(1);
    expect(manager.get(created.metadata?.uid ?? "")?.conditions?.[0]?.lastTransitionTime).toBe(time);

    const deleted = { ...created, metadata: { ...created.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } };
    manager.finish(deleted);
    await settle();
    expect(api.get(pods, "p", "default")).toBeUndefined();
  });

  it("puts right what another has changed of the kubelet's own conditions", async () => {
    const clock = new FakeClock();
    const api = createFakeApi(clock);
    const created = await api.client.of(pods).create(makePod());
    const manager = createStatusManager(
      api.client,
      createMirrorPods(api.client, api.informers.of(pods).lister, () => undefined),
      clock,
      createLogger("test", () => undefined),
    );
    manager.set(created, { phase: "Running", conditions: [{ type: "Ready", status: "True" }] });
    await settle();
    const conditions = [{ type: "Ready", status: "False", reason: "NodeNotReady" }];
    const options = { type: "strategic", namespace: "default", subresource: "status" } as const;
    manager.observe(await api.client.of(pods).patch("p", { status: { conditions } }, options));
    await settle();
    expect(api.get(pods, "p", "default")?.status?.conditions?.[0]).toMatchObject({ type: "Ready", status: "True" });
  });
});
