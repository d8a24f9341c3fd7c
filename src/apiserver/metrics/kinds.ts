/** NodeMetrics and PodMetrics of metrics.k8s.io/v1beta1, read-only and never stored. */
import { nameColumn } from "../../kinds/column-parts.ts";
import type { ObjectMeta } from "../../kinds/generated/meta-v1.ts";
import { builtInSchemas } from "../../kinds/index.ts";
import { type Column, defineKind, type KindDefinition } from "../../machinery/kind.ts";
import { reachableTypes } from "../../machinery/openapi/schemas.ts";
import { parseQuantity, Quantity } from "../../machinery/quantity.ts";
import type { FieldSchema, SchemaTable, TypeSchema } from "../../machinery/schema/types.ts";

export const group = "metrics.k8s.io";
export const version = "v1beta1";
export const apiVersion = `${group}/${version}`;

/** Quantities by `cpu` and `memory`. */
export type Usage = Readonly<Record<"cpu" | "memory", string>>;

interface Measured {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata: ObjectMeta;
  /** End of the interval from which the figures are, RFC 3339. */
  readonly timestamp: string;
  /** Its length, as Go prints durations: `15.062s`. */
  readonly window: string;
}

export interface NodeMetrics extends Measured {
  readonly usage: Usage;
}

export interface PodMetrics extends Measured {
  readonly containers: readonly { readonly name: string; readonly usage: Usage }[];
}

const prefix = "io.k8s.metrics.pkg.apis.metrics.v1beta1";
const meta = "io.k8s.apimachinery.pkg.apis.meta.v1";
const quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity";
const usage: FieldSchema = { type: "object", values: { ref: quantity }, presence: "always" };

const measured = (kind: string, field: Readonly<Record<string, FieldSchema>>): TypeSchema => ({
  structural: true,
  fields: {
    apiVersion: { type: "string" },
    kind: { type: "string" },
    metadata: { ref: `${meta}.ObjectMeta`, presence: "always" },
    timestamp: { ref: `${meta}.Time`, presence: "always" },
    window: { ref: `${meta}.Duration`, presence: "always" },
    ...field,
  },
  required: ["timestamp", "window", ...Object.keys(field)],
  gvk: [{ group, version, kind }],
});

const schemas: SchemaTable = {
  ...Object.fromEntries(
    reachableTypes(builtInSchemas, [`${meta}.ObjectMeta`, `${meta}.ListMeta`, quantity]).map((name) => [
      name,
      builtInSchemas[name] as TypeSchema,
    ]),
  ),
  [`${meta}.Duration`]: { type: "string" },
  [`${prefix}.ContainerMetrics`]: {
    fields: { name: { type: "string", presence: "always" }, usage },
    required: ["name", "usage"],
  },
  [`${prefix}.NodeMetrics`]: measured("NodeMetrics", { usage }),
  [`${prefix}.PodMetrics`]: measured("PodMetrics", {
    containers: {
      type: "array",
      items: { ref: `${prefix}.ContainerMetrics` },
      listType: "atomic",
      presence: "always",
    },
  }),
};

const windowColumn: Column<Measured> = { name: "Window", type: "string", value: ({ window }) => window };

function total({ containers }: PodMetrics, resource: "cpu" | "memory"): string {
  const zero = Quantity.of(0);
  return containers.reduce((sum, one) => sum.add(parseQuantity(one.usage[resource])), zero).toString();
}

const common = { group, version, singular: "", verbs: ["get", "list"], subresources: [], schemas } as const;

export const nodeMetrics: KindDefinition = defineKind<NodeMetrics>({
  ...common,
  kind: "NodeMetrics",
  plural: "nodes",
  namespaced: false,
  schemaName: `${prefix}.NodeMetrics`,
  columns: [
    nameColumn(),
    { name: "cpu", type: "string", value: ({ usage: used }) => used.cpu },
    { name: "memory", type: "string", value: ({ usage: used }) => used.memory },
    windowColumn,
  ],
});

export const podMetrics: KindDefinition = defineKind<PodMetrics>({
  ...common,
  kind: "PodMetrics",
  plural: "pods",
  namespaced: true,
  schemaName: `${prefix}.PodMetrics`,
  columns: [
    nameColumn(),
    { name: "cpu", type: "string", value: (pod) => total(pod, "cpu") },
    { name: "memory", type: "string", value: (pod) => total(pod, "memory") },
    windowColumn,
  ],
});
