/**
 * The shape of src/kinds/generated/schema.json, and of the structural schemas of custom resources after conversion:
 * names, types, list keys, patch strategies and protobuf numbers of every type in the API.
 */
export interface FieldSchema {
  /** Absent when `ref` names the type. */
  readonly type?: "string" | "integer" | "number" | "boolean" | "object" | "array";
  /** int32, int64, double, byte, date-time, int-or-string. */
  readonly format?: string;
  /** Key of another TypeSchema. */
  readonly ref?: string;
  readonly items?: FieldSchema;
  /** Of a map with string keys: the type of its values. */
  readonly values?: FieldSchema;
  readonly listType?: "atomic" | "set" | "map";
  readonly listMapKeys?: readonly string[];
  readonly mapType?: "atomic" | "granular";
  /** `merge`, `retainKeys`, `replace`, or several joined by commas. */
  readonly patchStrategy?: string;
  readonly patchMergeKey?: string;
  /**
   * How Go's encoding treats the field when it is empty. `always`: written (no omitempty, or a struct that is no
   * pointer); `pointer`: kept where it was given; absent: a scalar, list or map is left out.
   */
  readonly presence?: "always" | "pointer";
  /** The default that the schema itself states (protocol of ports), which keys of list items take. */
  readonly default?: unknown;
  /** Custom resources: x-kubernetes-preserve-unknown-fields. */
  readonly preserveUnknown?: boolean;
}

/** A protobuf field: number, name, type (a TypeSchema's key or a scalar) and rule. */
export type ProtobufField = readonly [number, string, string, "optional" | "repeated" | "map"];

export interface TypeSchema extends FieldSchema {
  /** Absent for scalars (Quantity, Time, IntOrString) and free-form objects. */
  readonly fields?: Readonly<Record<string, FieldSchema>>;
  readonly required?: readonly string[];
  readonly gvk?: readonly { readonly group: string; readonly version: string; readonly kind: string }[];
  readonly unions?: unknown;
  /** Of custom resources: values are kept as they are given, without Go's zero values and omissions. */
  readonly structural?: boolean;
  /** A message field whose name is not in `fields` is inlined in the JSON form (Volume.volumeSource). */
  readonly protobuf?: readonly ProtobufField[];
}

/** Full name, `io.k8s.api.core.v1.Pod`, to type. */
export type SchemaTable = Readonly<Record<string, TypeSchema>>;
