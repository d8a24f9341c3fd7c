/** What is fuzzed: every kind that is served, with a seed where there is one. */
import { builtInKinds } from "../../../src/kinds/index.ts";
import type { Verb } from "../../../src/machinery/kind.ts";
import { formatApiVersion } from "../../../src/machinery/meta/object.ts";
import type { SchemaTable } from "../../../src/machinery/schema/types.ts";
import { type Seed, seeds } from "./seeds.ts";

export interface Target {
  readonly apiVersion: string;
  readonly kind: string;
  /** Of the collection. */
  readonly path: string;
  readonly namespaced: boolean;
  readonly verbs: readonly Verb[];
  readonly subresources: readonly string[];
  readonly seed: Seed;
  /** Nothing of it is stored: it would change how the server treats all that follows. */
  readonly dryRunOnly: boolean;
  readonly schemas?: SchemaTable;
  readonly schemaName?: string;
}

export const namespace = "fuzz";

const disruptive = new Set([
  "APIService",
  "CustomResourceDefinition",
  "FlowSchema",
  "LimitRange",
  "MutatingAdmissionPolicy",
  "MutatingAdmissionPolicyBinding",
  "MutatingWebhookConfiguration",
  "Namespace",
  "PriorityLevelConfiguration",
  "ResourceQuota",
  "ServiceCIDR",
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionPolicyBinding",
  "ValidatingWebhookConfiguration",
]);

function pathOf(group: string, version: string, plural: string, namespaced: boolean): string {
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  return namespaced ? `${root}/namespaces/${namespace}/${plural}` : `${root}/${plural}`;
}

export const targets: readonly Target[] = [
  ...builtInKinds.map((one): Target => {
    const { group, version, kind, plural, namespaced, verbs, subresources, schemas, schemaName } = one;
    return {
      apiVersion: formatApiVersion(one),
      kind,
      path: pathOf(group, version, plural, namespaced),
      namespaced,
      verbs,
      subresources: subresources.map(({ name }) => name),
      seed: seeds[`${group}/${version}/${kind}`] ?? { body: {} },
      dryRunOnly: disruptive.has(kind),
      schemas,
      schemaName,
    };
  }),
  {
    apiVersion: "fuzz.example/v1",
    kind: "Widget",
    path: pathOf("fuzz.example", "v1", "widgets", true),
    namespaced: true,
    verbs: ["create", "update", "patch", "get", "list", "watch", "delete", "deletecollection"],
    subresources: ["status", "scale"],
    seed: seeds["fuzz.example/v1/Widget"] as Seed,
    dryRunOnly: false,
  },
];
