import { afterAll, expect, it } from "vitest";
import { deviceClasses, pods, resourceClaims, resourceQuotas } from "../../client/resources.ts";
import type { Pod } from "../../kinds/generated/core-v1.ts";
import { startController } from "../framework/controller-harness.ts";
import type { MetadataMonitors } from "../framework/metadata-monitors.ts";
import { createResourceQuotaController } from "./resource-quota.ts";

const stop = new AbortController();
afterAll(() => stop.abort());

const monitors: MetadataMonitors = {
  subscribe: () => undefined,
  resourceOf: () => undefined,
  count: (group, plural) => (group === "apps" && plural === "deployments" ? 3 : undefined),
  start: () => Promise.resolve(),
};
const pod = (name: string, phase = "Running"): Pod => ({
  metadata: { name, namespace: "a" },
  spec: { containers: [{ name: "c", resources: { requests: { cpu: "100m", memory: "64Mi" } } }] },
  status: { phase },
});

it("counts what is there, and again when a pod goes", async () => {
  const { api, settle } = await startController(createResourceQuotaController(monitors), stop.signal, (seeded) =>
    seeded.seed(pods, pod("one"), pod("two"), pod("done", "Succeeded")),
  );
  const hard = { pods: "5", "count/pods": "9", "requests.cpu": "1", memory: "1Gi", "count/deployments.apps": "5" };
  await api.client.of(resourceQuotas).create({ metadata: { name: "q", namespace: "a" }, spec: { hard } });
  await settle();
  const used = (): unknown => api.get(resourceQuotas, "q", "a")?.status?.used;
  expect(used()).toEqual({
    pods: "2",
    "count/pods": "3",
    "requests.cpu": "200m",
    memory: "128Mi",
    "count/deployments.apps": "3",
  });
  await api.client.of(pods).delete("two", { namespace: "a" });
  await settle();
  expect(used()).toMatchObject({ pods: "1", "count/pods": "2", "requests.cpu": "100m" });
});

it("counts a pod elsewhere once it gets a deadline", async () => {
  const { api, settle } = await startController(createResourceQuotaController(monitors), stop.signal, (seeded) =>
    seeded.seed(pods, pod("one")),
  );
  for (const name of ["Terminating", "NotTerminating"]) {
    const spec = { hard: { pods: "5", "count/deployments.apps": "5" }, scopes: [name] };
    await api.client.of(resourceQuotas).create({ metadata: { name: name.toLowerCase(), namespace: "a" }, spec });
  }
  await settle();
  const used = (): unknown[] =>
    ["terminating", "notterminating"].map((name) => api.get(resourceQuotas, name, "a")?.status?.used);
  const counted = (count: string) => ({ pods: count, "count/deployments.apps": "0" });
  expect(used()).toEqual([counted("0"), counted("1")]);
  const current = api.get(pods, "one", "a") as Pod;
  await api.client
    .of(pods)
    .update({ ...current, spec: { containers: [], ...current.spec, activeDeadlineSeconds: 60 } });
  await settle();
  expect(used()).toEqual([counted("1"), counted("0")]);
});

it("counts the devices that claims ask for", async () => {
  const exactly = { deviceClassName: "gold", allocationMode: "ExactCount", count: 2 };
  const { api, settle } = await startController(
    createResourceQuotaController(monitors),
    stop.signal,
    async (seeded) => {
      const spec = { devices: { requests: [{ name: "r", exactly }] } };
      await seeded.seed(resourceClaims, { metadata: { name: "one", namespace: "a" }, spec });
      await seeded.seed(deviceClasses, {
        metadata: { name: "gold" },
        spec: { extendedResourceName: "example.com/gold" },
      });
    },
  );
  const hard = { "gold.deviceclass.resource.k8s.io/devices": "4", "requests.example.com/gold": "4" };
  await api.client.of(resourceQuotas).create({ metadata: { name: "q", namespace: "a" }, spec: { hard } });
  await settle();
  expect(api.get(resourceQuotas, "q", "a")?.status?.used).toEqual({
    "gold.deviceclass.resource.k8s.io/devices": "2",
    "requests.example.com/gold": "2",
  });
});
