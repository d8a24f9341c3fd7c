/**
 * Watches every resource that the server serves, custom ones too, for metadata alone, and keeps of each object what
 * garbage collection and quotas need: identity, owners, finalizers. New resources are found when a
 * CustomResourceDefinition or APIService changes.
 */

import { objectKey } from "../../client/object-cache.ts";
import { collectionPath } from "../../client/paths.ts";
import { runReflector } from "../../client/reflector.ts";
import type { Client } from "../../client/types.ts";
import type { Clock } from "../../lib/clock.ts";
import { createLogger } from "../../lib/log.ts";
import { formatApiVersion, type KubernetesObject, type OwnerReference } from "../../machinery/meta/object.ts";
import { type DiscoveredResource, discoverResources } from "./discovery.ts";

/** All that is kept of an object. */
export interface MetadataEntry {
  readonly resource: DiscoveredResource;
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly resourceVersion: string;
  readonly owners: readonly OwnerReference[];
  readonly finalizers: readonly string[];
  readonly deleting: boolean;
}

export interface MetadataHandlers {
  changed?(entry: MetadataEntry, old: MetadataEntry | undefined): void;
  removed?(entry: MetadataEntry): void;
}

export interface MetadataMonitors {
  subscribe(handlers: MetadataHandlers): void;
  /** The resource that serves a kind; undefined where there is none. */
  resourceOf(apiVersion: string, kind: string): DiscoveredResource | undefined;
  /** Objects of a resource in a namespace; undefined where the resource is not watched. */
  count(group: string, plural: string, namespace: string): number | undefined;
  /** Starts watching; resolves when every resource has been listed once. */
  start(client: Client, clock: Clock, signal: AbortSignal): Promise<void>;
}

interface Monitor {
  readonly resource: DiscoveredResource;
  readonly entries: Map<string, MetadataEntry>;
  readonly synced: Promise<void>;
  stop(): void;
}

const accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
const listAccept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
/** Their objects own nothing and are many; upstream ignores them too. */
const ignored = new Set(["/events", "events.k8s.io/events"]);
/** A resource that is slow or broken must not keep the rest from starting. */
const syncTimeoutMs = 30_000;
const rediscoverAfterMs = 1_000;
const noOwners: readonly OwnerReference[] = Object.freeze([]);
const noFinalizers: readonly string[] = Object.freeze([]);
const log = createLogger("metadata-monitors");

const keyOf = ({ group, plural }: { group: string; plural: string }): string => `${group}/${plural}`;

export function createMetadataMonitors(): MetadataMonitors {
  const monitors = new Map<string, Monitor>();
  const subscribers: MetadataHandlers[] = [];
  let kinds = new Map<string, DiscoveredResource>();
  let rediscover: () => void = () => undefined;

  function changed(monitor: Pick<Monitor, "resource" | "entries">, object: KubernetesObject): void {
    const key = objectKey(object);
    const old = monitor.entries.get(key);
    const entry = createEntry(monitor.resource, object);
    if (old?.uid === entry.uid && old.resourceVersion === entry.resourceVersion) return;
    if (old !== undefined && old.uid !== entry.uid) removed(monitor, key);
    monitor.entries.set(key, entry);
    const same = old?.uid === entry.uid ? old : undefined;
    for (const handlers of subscribers) handlers.changed?.(entry, same);
    if (definesResources(monitor.resource)) rediscover();
  }
  function removed(monitor: Pick<Monitor, "resource" | "entries">, key: string): void {
    const entry = monitor.entries.get(key);
    if (entry === undefined) return;
    monitor.entries.delete(key);
    for (const handlers of subscribers) handlers.removed?.(entry);
    if (definesResources(monitor.resource)) rediscover();
  }
  function startMonitor(resource: DiscoveredResource, client: Client, clock: Clock, signal: AbortSignal): Monitor {
    const entries = new Map<string, MetadataEntry>();
    const { promise: synced, resolve } = Promise.withResolvers<void>();
    const controller = new AbortController();
    const monitor = { resource, entries };
    void runReflector({
      client,
      clock,
      path: collectionPath(resource),
      accept,
      listAccept,
      signal: AbortSignal.any([signal, controller.signal]),
      store: {
        replace(objects) {
          const seen = new Set<string>();
          for (const object of objects) {
            seen.add(objectKey(object));
            changed(monitor, object);
          }
          for (const key of [...entries.keys()]) if (!seen.has(key)) removed(monitor, key);
          resolve();
        },
        apply(type, object) {
          if (type === "DELETED") removed(monitor, objectKey(object));
          else changed(monitor, object);
        },
      },
    });
    return { ...monitor, synced, stop: () => controller.abort(new Error("resource is gone")) };
  }
  async function sync(client: Client, clock: Clock, signal: AbortSignal): Promise<void> {
    const resources = await discoverResources(client);
    kinds = new Map(resources.map((resource) => [`${formatApiVersion(resource)}/${resource.kind}`, resource]));
    const wanted = new Map(resources.filter(isMonitored).map((resource) => [keyOf(resource), resource]));
    for (const [key, monitor] of monitors) {
      if (wanted.get(key)?.version === monitor.resource.version) continue;
      monitor.stop();
      monitors.delete(key);
      for (const entry of [...monitor.entries.keys()]) removed(monitor, entry);
    }
    for (const [key, resource] of wanted) {
      if (!monitors.has(key)) monitors.set(key, startMonitor(resource, client, clock, signal));
    }
  }
  return {
    subscribe: (handlers) => void subscribers.push(handlers),
    resourceOf: (apiVersion, kind) => kinds.get(`${apiVersion}/${kind}`) ?? anyVersion(kinds, apiVersion, kind),
    count(group, plural, namespace) {
      const monitor = monitors.get(`${group}/${plural}`);
      if (monitor === undefined) return undefined;
      let count = 0;
      for (const entry of monitor.entries.values()) if (entry.namespace === namespace) count++;
      return count;
    },
    async start(client, clock, signal) {
      await sync(client, clock, signal);
      let planned = false;
      rediscover = () => {
        if (planned) return;
        planned = true;
        clock.schedule(rediscoverAfterMs, () => {
          planned = false;
          if (signal.aborted) return;
          sync(client, clock, signal).catch((error: unknown) => {
            log.warn("discovery failed, trying again", { error });
            rediscover();
          });
        });
      };
      const all = Promise.all([...monitors.values()].map(({ synced }) => synced));
      const patience = new AbortController();
      await Promise.race([
        all,
        clock.sleep(syncTimeoutMs, AbortSignal.any([signal, patience.signal])).catch(() => undefined),
      ]);
      patience.abort(new Error("synced"));
    },
  };
}

const isMonitored = (resource: DiscoveredResource): boolean =>
  ["list", "watch", "delete"].every((verb) => resource.verbs.includes(verb)) && !ignored.has(keyOf(resource));

const definesResources = ({ group, plural }: DiscoveredResource): boolean =>
  (group === "apiextensions.k8s.io" && plural === "customresourcedefinitions") ||
  (group === "apiregistration.k8s.io" && plural === "apiservices");

/** An owner may be named in another served version than the preferred one. */
function anyVersion(
  kinds: ReadonlyMap<string, DiscoveredResource>,
  apiVersion: string,
  kind: string,
): DiscoveredResource | undefined {
  const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
  for (const resource of kinds.values()) if (resource.group === group && resource.kind === kind) return resource;
  return undefined;
}

function createEntry(resource: DiscoveredResource, { metadata = {} }: KubernetesObject): MetadataEntry {
  return {
    resource,
    uid: metadata.uid ?? "",
    namespace: metadata.namespace ?? "",
    name: metadata.name ?? "",
    resourceVersion: metadata.resourceVersion ?? "",
    owners: metadata.ownerReferences?.length ? metadata.ownerReferences : noOwners,
    finalizers: metadata.finalizers?.length ? metadata.finalizers : noFinalizers,
    deleting: metadata.deletionTimestamp !== undefined,
  };
}
