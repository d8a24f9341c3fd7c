/**
 * Joins what the generated table says of a resource (names, scope, verbs, subresources, schema) with a kind's own
 * behaviour into its KindDefinition. Throws at start-up where the table has no such resource.
 */
import { defineKind, type KindDefinition, type Subresource, type Verb } from "../machinery/kind.ts";
import type { KubernetesObject } from "../machinery/meta/object.ts";
import resources from "./generated/resources.json" with { type: "json" };
import { builtInSchemas } from "./schema-table.ts";

/** What a kind's folder writes by hand: all of KindDefinition that the table does not know. */
export type Behaviour<T extends KubernetesObject> = Omit<
  KindDefinition<T>,
  | "group"
  | "version"
  | "kind"
  | "plural"
  | "singular"
  | "namespaced"
  | "verbs"
  | "subresources"
  | "schemas"
  | "schemaName"
>;

const keyOf = (group: string, version: string, kind: string): string => `${group}/${version}/${kind}`;

const resourceOf = new Map(resources.map((one) => [keyOf(one.group, one.version, one.kind), one]));

const schemaNameOf = new Map<string, string>();
for (const [name, type] of Object.entries(builtInSchemas)) {
  for (const { group, version, kind } of type.gvk ?? []) schemaNameOf.set(keyOf(group, version, kind), name);
}

/** The full name of the type of a built-in kind. Throws where the table has none. */
export function schemaNameFor(group: string, version: string, kind: string): string {
  const name = schemaNameOf.get(keyOf(group, version, kind));
  if (name === undefined) throw new Error(`the generated schema has no ${keyOf(group, version, kind)}`);
  return name;
}

// HEAD and OPTIONS are methods of a proxied request, not verbs that discovery names.
const discoverable = (verbs: readonly string[]): string[] =>
  verbs.filter((verb) => verb !== "head" && verb !== "options").sort();

export function fromTable<T extends KubernetesObject>(
  group: string,
  version: string,
  kind: string,
  behaviour: Behaviour<T> = {},
): KindDefinition {
  const resource = resourceOf.get(keyOf(group, version, kind));
  if (resource === undefined) throw new Error(`the generated table has no resource ${keyOf(group, version, kind)}`);
  return defineKind<T>({
    ...behaviour,
    group,
    version,
    kind,
    plural: resource.plural,
    singular: kind.toLowerCase(),
    namespaced: resource.namespaced,
    verbs: discoverable(resource.verbs) as Verb[],
    subresources: resource.subresources.map((one): Subresource => ({ ...one, verbs: discoverable(one.verbs) })),
    schemas: builtInSchemas,
    schemaName: schemaNameFor(group, version, kind),
  });
}
