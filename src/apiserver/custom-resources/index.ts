/**
 * Custom resources: follows the CustomResourceDefinitions in the cache, accepts their names, serves each version as a
 * kind of the registry, and empties and releases them when they are deleted. Fed by the watch cache; feeds the registry,
 * and through it discovery and OpenAPI.
 */

import { cleanupFinalizer } from "../../kinds/apiextensions/custom-resource-definition/strategy.ts";
import type { CustomResourceDefinition } from "../../kinds/generated/apiextensions-v1.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/log.ts";
import { ignoreNotFound } from "../../machinery/errors/ignore-not-found.ts";
import type { KindDefinition } from "../../machinery/kind.ts";
import { deepCopy, deepEqual } from "../../machinery/meta/accessors.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import type { ResourceRegistry } from "../registry/resources.ts";
import type { ObjectReader, ObjectWriter } from "../types.ts";
import { webhookConversion } from "./conversion.ts";
import { customKind } from "./kind.ts";
import { acceptNames, isEstablished, setCondition } from "./naming.ts";

const group = "apiextensions.k8s.io";
const plural = "customresourcedefinitions";
const cleanupRetryMs = 1_000;

export interface CustomResourceParts {
  readonly resources: ResourceRegistry;
  readonly reader: ObjectReader;
  readonly writer: ObjectWriter;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Serves what is established already, then follows changes. */
export function serveCustomResources(parts: CustomResourceParts): { readonly running: boolean; stop(): void } {
  const served = new CustomResources(parts);
  served.start();
  return served;
}

class CustomResources {
  readonly #parts: CustomResourceParts;
  readonly #served = new Map<string, { definition: CustomResourceDefinition; kinds: KindDefinition[] }>();
  readonly #cleaning = new Set<string>();
  #unsubscribe: (() => void) | undefined;

  constructor(parts: CustomResourceParts) {
    this.#parts = parts;
  }

  start(): void {
    const { reader } = this.#parts;
    for (const definition of this.#all()) this.#changed(definition);
    this.#unsubscribe = reader.subscribe(group, plural, ({ type, object }) => {
      const definition = object as unknown as CustomResourceDefinition;
      if (type === "DELETED") this.#removed(definition);
      else this.#changed(definition);
    });
  }

  get running(): boolean {
    return this.#unsubscribe !== undefined;
  }

  stop(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
  }

  #all(): readonly CustomResourceDefinition[] {
    return this.#parts.reader.list<CustomResourceDefinition>(group, plural);
  }

  #changed(definition: CustomResourceDefinition): void {
    const name = definition.metadata?.name ?? "";
    const status = acceptNames(definition, this.#all(), this.#parts.clock.now());
    // From the moment that the status says so, not before: who finds the resource may change the definition.
    if (isEstablished(definition)) this.#serve(definition);
    if (status !== undefined) this.#settle(name, () => this.#writeStatus(name));
    if (definition.metadata?.deletionTimestamp !== undefined) this.#clean(name);
  }

  #serve(definition: CustomResourceDefinition): void {
    const { resources, reader } = this.#parts;
    const name = definition.metadata?.name ?? "";
    const before = this.#served.get(name);
    const sameObjects = before !== undefined && deepEqual(formOf(before.definition), formOf(definition));
    if (sameObjects && isLeaving(before.definition) === isLeaving(definition)) return;
    const kinds: KindDefinition[] = [];
    const convert = webhookConversion(definition, reader);
    for (const version of definition.spec.versions) {
      if (version.served) kinds.push(customKind(definition, version, { convert }));
    }
    for (const old of before?.kinds ?? []) {
      if (!kinds.some(({ version }) => version === old.version)) resources.remove(old);
    }
    // Who watches is told of the objects that go away with their definition, and has to come back for another schema.
    for (const kind of kinds) resources.add(kind, { keepWatches: sameObjects });
    this.#served.set(name, { definition, kinds });
  }

  #removed({ metadata, spec }: CustomResourceDefinition): void {
    const name = metadata?.name ?? "";
    for (const kind of this.#served.get(name)?.kinds ?? []) this.#parts.resources.remove(kind);
    this.#served.delete(name);
    // Its names are free for others now.
    for (const other of this.#all()) if (other.spec.group === spec.group) this.#changed(other);
  }

  async #writeStatus(name: string): Promise<void> {
    const { writer, clock } = this.#parts;
    await writer.modify({ group, plural, namespace: "", name, subresource: "status" }, (current) => {
      const definition = current as unknown as CustomResourceDefinition;
      const status = acceptNames(definition, this.#all(), clock.now());
      return status && ({ ...current, status } as UnknownObject);
    });
  }

  #clean(name: string): void {
    if (this.#cleaning.has(name)) return;
    this.#cleaning.add(name);
    this.#settle(name, () => this.#empty(name).finally(() => this.#cleaning.delete(name)));
  }

  /** Deletes all objects, waits until they are gone, and takes the finalizer off. */
  async #empty(name: string): Promise<void> {
    const { reader, writer, clock } = this.#parts;
    for (;;) {
      const definition = reader.get<CustomResourceDefinition>(group, plural, "", name);
      if (!this.running || definition?.metadata?.finalizers?.includes(cleanupFinalizer) !== true) return;
      const { spec } = definition;
      const objects = reader.list<UnknownObject>(spec.group, spec.names.plural);
      const leaving = objects.filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
      for (const { metadata } of leaving) {
        const { namespace = "", name: object = "" } = metadata ?? {};
        await ignoreNotFound(writer.delete(spec.group, spec.names.plural, namespace, object));
      }
      if (reader.list(spec.group, spec.names.plural).length === 0) return this.#release(name);
      await clock.sleep(cleanupRetryMs);
    }
  }

  async #release(name: string): Promise<void> {
    const { writer, clock } = this.#parts;
    const finished = {
      type: "Terminating",
      status: "False",
      reason: "InstanceDeletionCompleted",
      message: "removed all instances",
    };
    await ignoreNotFound(
      writer.modify({ group, plural, namespace: "", name, subresource: "finalize" }, (current) => {
        const changed = deepCopy(current);
        const metadata = changed.metadata ?? {};
        metadata.finalizers = metadata.finalizers?.filter((one) => one !== cleanupFinalizer) ?? [];
        const status = changed["status"] as NonNullable<CustomResourceDefinition["status"]>;
        status.conditions = setCondition(status.conditions ?? [], finished, clock.now());
        return changed;
      }),
    );
  }

  /** Runs work that nobody waits for; a definition that is gone meanwhile needs none. */
  #settle(name: string, work: () => Promise<unknown>): void {
    ignoreNotFound(work()).catch((error: unknown) => {
      this.#parts.log.error("custom resource definition", { name, error: String(error) });
    });
  }
}

/** What the form of served objects follows from; as upstream, a change of it ends watches. */
function formOf({ spec, status, metadata }: CustomResourceDefinition): unknown {
  return [spec, status?.acceptedNames, metadata?.uid];
}

function isLeaving({ metadata }: CustomResourceDefinition): boolean {
  return metadata?.deletionTimestamp !== undefined;
}
