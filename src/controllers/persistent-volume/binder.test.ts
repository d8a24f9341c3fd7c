import { afterAll, describe, expect, it } from "vitest";
import { persistentVolumeClaims, persistentVolumes, storageClasses } from "../../client/resources.ts";
import type { PersistentVolume, PersistentVolumeClaim } from "../../kinds/generated/core-v1.ts";
import { type Harness, startController } from "../framework/controller-harness.ts";
import { claimBinder } from "./binder.ts";

const stop = new AbortController();
afterAll(() => stop.abort());

const claim = (spec: PersistentVolumeClaim["spec"] = {}): PersistentVolumeClaim => ({
  metadata: { name: "c", namespace: "a" },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, ...spec },
  status: { phase: "Pending" },
});
const volume = (spec: PersistentVolume["spec"] = {}, annotations = {}): PersistentVolume => ({
  metadata: { name: "v", annotations },
  spec: { accessModes: ["ReadWriteOnce"], capacity: { storage: "2Gi" }, ...spec },
  status: { phase: "Available" },
});
const start = (one: PersistentVolumeClaim, ...volumes: PersistentVolume[]): Promise<Harness> =>
  startController(claimBinder, stop.signal, async (api) => {
    await api.seed(persistentVolumeClaims, one);
    await api.seed(persistentVolumes, ...volumes);
  });
const stored = ({ api }: Harness): PersistentVolumeClaim | undefined => api.get(persistentVolumeClaims, "c", "a");

describe("a claim that is bound", () => {
  it("has what the volume has, and what is changed later stays", async () => {
    const names = { storageClassName: "", volumeAttributesClassName: "gold" };
    const harness = await start(claim(names), volume(names));
    await harness.settle();
    expect(stored(harness)?.status).toEqual({
      phase: "Bound",
      accessModes: ["ReadWriteOnce"],
      capacity: { storage: "2Gi" },
      currentVolumeAttributesClassName: "gold",
    });
    const later = { currentVolumeAttributesClassName: "silver", capacity: { storage: "3Gi" } };
    const bound = stored(harness) as PersistentVolumeClaim;
    const client = harness.api.client.of(persistentVolumeClaims);
    await client.updateStatus({ ...bound, status: { ...bound.status, ...later } });
    await harness.settle();
    expect(stored(harness)?.status).toMatchObject(later);
  });

  it("is as large as the file system of a volume that grew before it", async () => {
    const grown = volume({}, { "volume.alpha.kubernetes.io/pre-resize-capacity": "1Gi" });
    const harness = await start(claim({ storageClassName: "" }), grown);
    await harness.settle();
    expect(stored(harness)?.status?.capacity).toEqual({ storage: "1Gi" });
  });

  it("has nothing left of a volume that is lost", async () => {
    const harness = await start(claim({ storageClassName: "" }), volume());
    await harness.settle();
    await harness.api.client.of(persistentVolumes).delete("v");
    await harness.settle();
    expect(stored(harness)?.status).toEqual({ phase: "Lost" });
    expect(harness.events.at(-1)).toContain("Warning ClaimLost ");
  });
});

describe("which volume", () => {
  const reserved = { claimRef: { namespace: "a", name: "c" } };
  it.each<[string, PersistentVolumeClaim["spec"], PersistentVolume["spec"], string]>([
    ["of another class of attributes is not taken", { volumeAttributesClassName: "gold" }, {}, "Pending"],
    ["reserved for the claim is taken, of whatever class", {}, { ...reserved, storageClassName: "manual" }, "Bound"],
    ["reserved for the claim but too small is not", {}, { ...reserved, capacity: { storage: "1Mi" } }, "Pending"],
    ["named by the claim is taken where it fits", { volumeName: "v" }, {}, "Bound"],
    ["named by the claim is not taken where it does not", { volumeName: "v" }, { storageClassName: "x" }, "Pending"],
  ])("%s", async (_, claimSpec, volumeSpec, phase) => {
    const harness = await start(claim({ storageClassName: "", ...claimSpec }), volume(volumeSpec));
    await harness.settle();
    expect(stored(harness)?.status?.phase).toBe(phase);
  });

  it("says why it cannot have the volume that it names", async () => {
    const harness = await start(claim({ volumeName: "v" }), volume({ storageClassName: "x" }));
    await harness.settle();
    expect(harness.events).toContain(
      'Warning VolumeMismatch Cannot bind to requested volume "v": storageClassName does not match',
    );
  });
});

it("gives a claim without a class the default one that comes later", async () => {
  const harness = await start(claim());
  await harness.settle();
  expect(stored(harness)?.spec?.storageClassName).toBeUndefined();
  const annotations = { "storageclass.kubernetes.io/is-default-class": "true" };
  await harness.api.client
    .of(storageClasses)
    .create({ metadata: { name: "standard", annotations }, provisioner: "example.com/p" });
  await harness.settle();
  expect(stored(harness)?.spec?.storageClassName).toBe("standard");
});
