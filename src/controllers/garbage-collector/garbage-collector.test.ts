import { afterAll, describe, expect, it } from "vitest";
import { configMaps } from "../../client/resources.ts";
import { createFakeApi, type FakeApi } from "../../client/testing/fake-api.ts";
import type { ConfigMap } from "../../kinds/generated/core-v1.ts";
import { FakeClock } from "../../lib/fake-clock.ts";
import type { MetadataEntry, MetadataHandlers, MetadataMonitors } from "../framework/metadata-monitors.ts";
import { createGarbageCollector } from "./garbage-collector.ts";

const stop = new AbortController();
afterAll(() => stop.abort());
const resource = { ...configMaps, verbs: [] };

/** Monitors over the fake API's ConfigMaps. */
function monitorsOf(api: FakeApi): MetadataMonitors {
  const handlers: MetadataHandlers[] = [];
  const entry = ({ metadata = {} }: ConfigMap): MetadataEntry => ({
    resource,
    uid: metadata.uid ?? "",
    namespace: metadata.namespace ?? "",
    name: metadata.name ?? "",
    resourceVersion: metadata.resourceVersion ?? "",
    owners: metadata.ownerReferences ?? [],
    finalizers: metadata.finalizers ?? [],
    deleting: metadata.deletionTimestamp !== undefined,
  });
  return {
    subscribe: (one) => void handlers.push(one),
    resourceOf: (_, kind) => (kind === "ConfigMap" ? resource : undefined),
    count: () => undefined,
    async start() {
      api.informers.of(configMaps).subscribe({
        added: (object) => handlers.forEach((one) => void one.changed?.(entry(object), undefined)),
        updated: (object, old) => handlers.forEach((one) => void one.changed?.(entry(object), entry(old))),
        deleted: (object) => handlers.forEach((one) => void one.removed?.(entry(object))),
      });
    },
  };
}

async function start(): Promise<{ api: FakeApi; settle(): Promise<void>; names(): (string | undefined)[] }> {
  const clock = new FakeClock();
  const api = createFakeApi(clock);
  const recorder = { event: () => undefined };
  await createGarbageCollector(monitorsOf(api)).start({ ...api, clock, recorderFor: () => recorder }, stop.signal);
  return {
    api,
    async settle() {
      for (let i = 0; i < 5; i++) {
        await clock.advance(20);
        for (let j = 0; j < 20; j++) await new Promise((resolve) => setImmediate(resolve));
      }
    },
    names: () =>
      api
        .list(configMaps)
        .map(({ metadata }) => metadata?.name)
        .sort(),
  };
}

const owned = (name: string, ...owners: string[]): ConfigMap => ({
  metadata: {
    name,
    uid: name,
    namespace: "a",
    ownerReferences: owners.map((owner) => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      name: owner,
      uid: owner,
      blockOwnerDeletion: true,
    })),
  },
});

describe("garbage collector", () => {
  it("deletes what an owner leaves behind, and what that leaves", async () => {
    const { api, settle, names } = await start();
    for (const object of [owned("a"), owned("b", "a"), owned("c", "b"), owned("other")])
      await api.client.of(configMaps).create(object);
    await settle();
    expect(names()).toEqual(["a", "b", "c", "other"]);
    await api.client.of(configMaps).delete("a", { namespace: "a" });
    await settle();
    expect(names()).toEqual(["other"]);
  });

  it("deletes an object whose owner never existed, or was another of that name", async () => {
    const { api, settle, names } = await start();
    await api.client.of(configMaps).create({ metadata: { name: "a", uid: "new", namespace: "a" } });
    await api.client.of(configMaps).create(owned("b", "a"));
    await settle();
    expect(names()).toEqual(["a"]);
  });

  it("keeps an object while one of its owners is left, and forgets the other", async () => {
    const { api, settle, names } = await start();
    for (const object of [owned("a"), owned("b"), owned("c", "a", "b")]) await api.client.of(configMaps).create(object);
    await api.client.of(configMaps).delete("a", { namespace: "a" });
    await settle();
    expect(names()).toEqual(["b", "c"]);
    expect(api.get(configMaps, "c", "a")?.metadata?.ownerReferences?.map(({ name }) => name)).toEqual(["b"]);
  });

  it("orphans dependents where the owner's finalizer asks for it", async () => {
    const { api, settle, names } = await start();
    const owner = owned("a");
    await api.client.of(configMaps).create({ metadata: { ...owner.metadata, finalizers: ["orphan"] } });
    await api.client.of(configMaps).create(owned("b", "a"));
    await api.client.of(configMaps).delete("a", { namespace: "a" });
    await settle();
    expect(names()).toEqual(["b"]);
    expect(api.get(configMaps, "b", "a")?.metadata?.ownerReferences).toEqual([]);
  });

  it("deletes dependents before an owner in foreground deletion", async () => {
    const { api, settle, names } = await start();
    const [owner, dependent] = [owned("a"), owned("b", "a")];
    await api.client.of(configMaps).create({ metadata: { ...owner.metadata, finalizers: ["foregroundDeletion"] } });
    await api.client.of(configMaps).create({ metadata: { ...dependent.metadata, finalizers: ["test/hold"] } });
    await api.client.of(configMaps).delete("a", { namespace: "a" });
    await settle();
    expect(names()).toEqual(["a", "b"]);
    expect(api.get(configMaps, "b", "a")?.metadata?.deletionTimestamp).toBeDefined();
    await api.client.of(configMaps).patch("b", { metadata: { finalizers: [] } }, { type: "merge", namespace: "a" });
    await settle();
    expect(names()).toEqual([]);
  });

  it("gets out of a circle of owners that each wait for their dependents", async () => {
    const { api, settle, names } = await start();
    const waiting = (object: ConfigMap) => ({ metadata: { ...object.metadata, finalizers: ["foregroundDeletion"] } });
    for (const object of [owned("a"), owned("b", "a"), owned("c", "b")]) {
      await api.client.of(configMaps).create(waiting(object));
    }
    const { ownerReferences = [] } = owned("a", "c").metadata ?? {};
    await api.client.of(configMaps).patch("a", { metadata: { ownerReferences } }, { type: "merge", namespace: "a" });
    await settle();
    await api.client.of(configMaps).delete("a", { namespace: "a" });
    await settle();
    await settle();
    expect(names()).toEqual([]);
  });
});
