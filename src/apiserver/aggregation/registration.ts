/**
 * Registers what is served here with the aggregator, as upstream's autoregister and CRD registration controllers: an
 * APIService for each version of a built-in group, made or put right once a start, and one for each served version of
 * custom resources, kept at all times. Fed by CustomResourceDefinitions and APIServices in the cache.
 */
import { isDeepStrictEqual } from "node:util";
import type { CustomResourceDefinition } from "../../kinds/generated/apiextensions-v1.ts";
import type { APIService } from "../../kinds/generated/apiregistration-v1.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/log.ts";
import { isAlreadyExists, isConflict, isNotFound } from "../../machinery/errors/status-error.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import { priorityOf, registeredVersions } from "../discovery/priorities.ts";
import type { ObjectReader, ObjectWriter } from "../types.ts";

export interface RegistrationParts {
  readonly reader: ObjectReader;
  readonly writer: ObjectWriter;
  readonly clock: Clock;
  readonly log: Logger;
}

const group = "apiregistration.k8s.io";
const plural = "apiservices";
const definitions = { group: "apiextensions.k8s.io", plural: "customresourcedefinitions" };
const label = "kube-aggregator.kubernetes.io/automanaged";
const firstRetryMs = 1_000;
const lastRetryMs = 60_000;
/** Whoever gives the resource metrics API a Service has it for good: metrics-server's manifest leaves our label there. */
const madeOnce = "v1beta1.metrics.k8s.io";

export class Registration {
  readonly #parts: RegistrationParts;
  readonly #builtIn = new Map(registeredVersions().map((one) => [nameOf(one), apiService(one, "onstart")]));
  /** How many definitions serve a version, by the name of its APIService; and what each definition serves. */
  readonly #custom = new Map<string, { readonly service: UnknownObject; definitions: number }>();
  readonly #served = new Map<string, readonly string[]>();
  /** Names that were there at the start, and those that have been put right since. */
  #atStart: ReadonlySet<string> = new Set();
  readonly #done = new Set<string>();
  /** Built-in ones that have not been seen available. */
  readonly #awaited = new Set(this.#builtIn.keys());
  /** Names at work; true where they have to be looked at once more. */
  readonly #working = new Map<string, boolean>();
  readonly #retries = new Map<string, () => void>();
  #closed = false;
  #unsubscribe: readonly (() => void)[] = [];

  constructor(parts: RegistrationParts) {
    this.#parts = parts;
  }

  /**
   * Puts right what is there, then follows changes. Resolves when everything has been tried once; what failed is tried
   * again, see `missing`.
   */
  async start(): Promise<void> {
    if (this.#closed) return;
    const { reader } = this.#parts;
    const stored = reader.list<APIService>(group, plural);
    this.#atStart = new Set(stored.map(({ metadata }) => metadata?.name ?? ""));
    for (const definition of reader.list<CustomResourceDefinition>(definitions.group, definitions.plural)) {
      this.#count(definition, servedBy(definition));
    }
    this.#unsubscribe = [
      reader.subscribe(group, plural, ({ object }) => void this.#sync(object.metadata?.name ?? "")),
      reader.subscribe(definitions.group, definitions.plural, ({ type, object }) => {
        const definition = object as unknown as CustomResourceDefinition;
        const changed = this.#count(definition, type === "DELETED" ? [] : servedBy(definition));
        for (const name of changed) void this.#sync(name);
      }),
    ];
    const names = new Set([...this.#atStart, ...this.#builtIn.keys(), ...this.#custom.keys()]);
    await Promise.all([...names].map((name) => this.#sync(name)));
  }

  close(): void {
    for (const stop of this.#unsubscribe) stop();
    this.#unsubscribe = [];
    this.#closed = true;
    for (const cancel of this.#retries.values()) cancel();
  }

  /** Names of built-in APIServices that have not been seen available since the start. */
  missing(): string[] {
    for (const name of this.#awaited) {
      const stored = this.#parts.reader.get<APIService>(group, plural, "", name);
      // Those that were handed to a Service are available when that is: not this server's to wait for.
      if (stored !== undefined && (stored.spec?.service !== undefined || isAvailable(stored))) {
        this.#awaited.delete(name);
      }
    }
    return [...this.#awaited].sort();
  }

  /** Takes note of the versions that a definition serves; returns the names that are wanted or not any more by that. */
  #count(definition: CustomResourceDefinition, versions: readonly { group: string; version: string }[]): string[] {
    const key = definition.metadata?.name ?? "";
    const before = this.#served.get(key) ?? [];
    const now = versions.map(nameOf);
    const changed: string[] = [];
    for (const version of versions) {
      const name = nameOf(version);
      if (before.includes(name)) continue;
      const known = this.#custom.get(name);
      if (known !== undefined) known.definitions++;
      else {
        this.#custom.set(name, { service: apiService(version, "true"), definitions: 1 });
        changed.push(name);
      }
    }
    for (const name of before) {
      const known = this.#custom.get(name);
      if (known === undefined || now.includes(name) || --known.definitions > 0) continue;
      this.#custom.delete(name);
      changed.push(name);
    }
    if (now.length === 0) this.#served.delete(key);
    else this.#served.set(key, now);
    return changed;
  }

  /** One at a time of each name. Resolves after the first try; never rejects. */
  async #sync(name: string, retryMs = firstRetryMs): Promise<void> {
    if (this.#working.has(name)) {
      this.#working.set(name, true);
      return;
    }
    let succeeded = true;
    do {
      this.#working.set(name, false);
      succeeded = await this.#try(name);
    } while (succeeded && this.#working.get(name) === true);
    if (succeeded) this.#working.delete(name);
    else this.#retry(name, retryMs);
  }

  #retry(name: string, retryMs: number): void {
    if (this.#closed) return;
    const cancel = this.#parts.clock.schedule(retryMs, () => {
      this.#retries.delete(name);
      this.#working.delete(name);
      void this.#sync(name, Math.min(2 * retryMs, lastRetryMs));
    });
    this.#retries.set(name, cancel);
  }

  async #try(name: string): Promise<boolean> {
    try {
      await this.#putRight(name);
      if (this.#builtIn.has(name) || this.#atStart.has(name)) this.#done.add(name);
      return true;
    } catch (error) {
      if (!this.#closed) this.#parts.log.warn("cannot register, trying again", { apiService: name, error });
      return false;
    }
  }

  async #putRight(name: string): Promise<void> {
    const { reader, writer } = this.#parts;
    const custom = this.#custom.get(name)?.service;
    const wanted = custom ?? this.#builtIn.get(name);
    const isOnce = custom === undefined && wanted !== undefined;
    if (isOnce && this.#done.has(name)) return;
    const stored = reader.get(group, plural, "", name);
    if (stored === undefined) {
      if (wanted !== undefined) await unless(isAlreadyExists, writer.create(group, plural, wanted));
      return;
    }
    const managed = stored.metadata?.labels?.[label];
    if (managed !== "true" && managed !== "onstart") return;
    if (managed === "onstart" && (!this.#atStart.has(name) || this.#done.has(name))) return;
    if (wanted === undefined) {
      const options = { preconditions: { uid: stored.metadata?.uid } };
      await unless(isChanged, writer.delete(group, plural, "", name, options));
      return;
    }
    if (name === madeOnce || isDeepStrictEqual(stored["spec"], wanted["spec"])) return;
    const target = { group, plural, namespace: "", name };
    await unless(
      isChanged,
      writer.modify(target, (current) => ({ ...current, spec: wanted["spec"] })),
    );
  }
}

const nameOf = ({ group: name, version }: { group: string; version: string }): string => `${version}.${name}`;

/** Each version once. */
function servedBy({ spec }: CustomResourceDefinition): { group: string; version: string }[] {
  return spec.versions.filter(({ served }) => served).map(({ name }) => ({ group: spec.group, version: name }));
}

function apiService(served: { group: string; version: string }, managed: "onstart" | "true"): UnknownObject {
  const { groupPriority, versionPriority } = priorityOf(served.group, served.version);
  return {
    apiVersion: `${group}/v1`,
    kind: "APIService",
    metadata: { name: nameOf(served), labels: { [label]: managed } },
    spec: {
      ...(served.group === "" ? {} : { group: served.group }),
      version: served.version,
      groupPriorityMinimum: groupPriority,
      versionPriority,
    },
  };
}

function isAvailable({ status }: APIService): boolean {
  return status?.conditions?.some((one) => one.type === "Available" && one.status === "True") === true;
}

/** Changed or gone meanwhile: its event brings it here again. */
const isChanged = (error: unknown): boolean => isNotFound(error) || isConflict(error);

async function unless(expected: (error: unknown) => boolean, work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!expected(error)) throw error;
  }
}
