/**
 * Informers with one shared cache a process: each collection that somebody asks for is listed and watched once, and
 * its objects are held once, frozen and without managedFields.
 */
import type { Clock } from "../lib/clock.ts";
import type { KubernetesObject } from "../machinery/meta/object.ts";
import { createObjectCache } from "./object-cache.ts";
import { collectionPath } from "./paths.ts";
import { runReflector } from "./reflector.ts";
import type { Client, Informer, InformerOptions, Informers, ResourceRef } from "./types.ts";

/** Informers start on first use and end with `signal`. */
export function createInformers(client: Client, signal: AbortSignal, clock?: Clock): Informers {
  const running = new Map<string, Informer<KubernetesObject>>();
  return {
    of<T extends KubernetesObject>(resource: ResourceRef<T>, options: InformerOptions = {}): Informer<T> {
      const path = collectionPath(resource, options.namespace);
      const identity = JSON.stringify([path, options.labelSelector, options.fieldSelector]);
      const existing = running.get(identity);
      if (existing !== undefined) return existing as unknown as Informer<T>;
      const cache = createObjectCache<T>();
      running.set(identity, cache as unknown as Informer<KubernetesObject>);
      void runReflector({
        client,
        path,
        labelSelector: options.labelSelector,
        fieldSelector: options.fieldSelector,
        store: cache,
        signal,
        ...(clock === undefined ? {} : { clock }),
      });
      return cache;
    },
  };
}
