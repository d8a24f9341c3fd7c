/**
 * Makes a decoded JSON body what kube-apiserver's typed decoding would have made of it: unknown fields pruned and
 * reported, JSON types checked, nulls and empty optional fields left out, structs that are no pointers filled in,
 * quantities and times canonical. Hot path of every write: each type is compiled once, on first use, into a tree of
 * closures. Inputs are never changed; parts that need no change are shared with the result.
 */
import { setAt } from "../meta/accessors.ts";
import { type Context, describeFailure, joinPath, unknown } from "./conform-context.ts";
import { goName, goTypeOf, shortName } from "./go-types.ts";
import {
  convertBoolean,
  convertBytes,
  convertDouble,
  convertInt32,
  convertInt64,
  convertIntOrString,
  convertMicroTime,
  convertQuantity,
  convertString,
  convertTime,
  InvalidContent,
  TypeMismatch,
} from "./scalars.ts";
import type { FieldSchema, SchemaTable, TypeSchema } from "./types.ts";

export interface ConformOptions {
  /** Whether unknown fields are dropped (they are reported either way). Default true. */
  readonly prune?: boolean;
  /**
   * `required`, for request bodies: structs that are no pointers and required scalars are filled in, so that defaulting
   * still sees which optional fields were left out. `all`, before storing: every field that Go always writes.
   */
  readonly zeroValues?: "required" | "all";
  /** Numbers as they are written, by path, that are no integers unless they are bigints. See ParsedJson. */
  readonly floats?: ReadonlyMap<string, string> | undefined;
}

export interface Conformed {
  readonly object: Record<string, unknown>;
  /** `unknown field "spec.foo"`, in the object's order, at most 100. */
  readonly unknownFields: readonly string[];
  /** The first error, if any: `json: cannot unmarshal string into Go struct field …`. See cannotBeHandled. */
  readonly errors: readonly string[];
}

/** undefined: leave the field out. */
type Convert = (value: unknown, context: Context) => unknown;
type ZeroValue = () => unknown;

export function conform(
  object: unknown,
  schemas: SchemaTable,
  typeName: string,
  { prune = true, zeroValues = "required", floats }: ConformOptions = {},
): Conformed {
  const context: Context = { prune, path: [], unknownFields: [], floats, quiet: false, struct: "" };
  try {
    const converted = compilerOf(schemas, zeroValues).type(typeName)(object, context);
    return { object: converted as Record<string, unknown>, unknownFields: context.unknownFields, errors: [] };
  } catch (error) {
    const message = describeFailure(error, context);
    return { object: object as Record<string, unknown>, unknownFields: context.unknownFields, errors: [message] };
  }
}

const compilers = new WeakMap<SchemaTable, { required?: Compiler; all?: Compiler }>();

function compilerOf(schemas: SchemaTable, zeroValues: "required" | "all"): Compiler {
  const known = compilers.get(schemas) ?? {};
  compilers.set(schemas, known);
  known[zeroValues] ??= new Compiler(schemas, zeroValues === "all");
  return known[zeroValues];
}

const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A copy of the properties that come before `key`. */
function copyBefore(source: Record<string, unknown>, key: string): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const earlier in source) {
    if (earlier === key) break;
    setAt(copy, earlier, source[earlier]);
  }
  return copy;
}

const passThrough: Convert = (value) => value;

/** To Go `1.0` and `1e3` are no integers, which the parsed number does not tell. */
function integer(convert: (value: unknown) => unknown, goType: string): Convert {
  return (value, context) => {
    const literal = context.floats?.get(joinPath(context.path));
    if (literal !== undefined && typeof value === "number") throw new TypeMismatch(value, goType, literal);
    return convert(value);
  };
}

const scalarTypes: Readonly<Record<string, { convert: Convert; zero?: ZeroValue }>> = {
  "io.k8s.apimachinery.pkg.api.resource.Quantity": { convert: convertQuantity, zero: () => "0" },
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": { convert: integer(convertIntOrString, "int32"), zero: () => 0 },
  "io.k8s.apimachinery.pkg.apis.meta.v1.Time": { convert: convertTime },
  "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": { convert: convertMicroTime },
};

type SchemaUnion = "boolean" | "schemas" | "strings";
const schemaUnions: Readonly<Record<string, SchemaUnion>> = {
  JSONSchemaPropsOrArray: "schemas",
  JSONSchemaPropsOrBool: "boolean",
  JSONSchemaPropsOrStringArray: "strings",
};

class Compiler {
  readonly #schemas: SchemaTable;
  readonly #fillAll: boolean;
  readonly #types = new Map<string, Convert>();
  readonly #zeros = new Map<string, ZeroValue>();

  constructor(schemas: SchemaTable, fillAll: boolean) {
    this.#schemas = schemas;
    this.#fillAll = fillAll;
  }

  /** The conversion of a named type; types that refer to themselves resolve on first use. */
  type(name: string): Convert {
    const known = this.#types.get(name);
    if (known !== undefined) return known;
    let resolved: Convert | undefined;
    const forward: Convert = (value, context) => (resolved as Convert)(value, context);
    this.#types.set(name, forward);
    resolved = this.#compileType(name);
    this.#types.set(name, resolved);
    return resolved;
  }

  #compileType(name: string): Convert {
    const scalar = scalarTypes[name];
    if (scalar !== undefined) return scalar.convert;
    const other = schemaUnions[shortName(name)];
    if (other !== undefined) return this.#schemaOr(`${name.slice(0, name.lastIndexOf("."))}.JSONSchemaProps`, other);
    const schema = this.#schemas[name];
    if (schema === undefined) throw new Error(`No schema of type ${name}`);
    if (schema.fields === undefined) return this.#value(schema, goName(name), schema.structural === true);
    return this.#struct(name, schema);
  }

  /** A schema or, in its place, something else; what is neither is dropped, as upstream's UnmarshalJSON does it. */
  #schemaOr(schemaName: string, other: SchemaUnion): Convert {
    const schema = this.type(schemaName);
    const list = this.#list(other === "strings" ? { type: "string" } : { ref: schemaName }, undefined, false);
    return (value, context) => {
      const before = context.quiet;
      context.quiet = true;
      let converted: unknown;
      if (isPlainObject(value)) converted = schema(value, context);
      else if (other === "boolean") {
        if (typeof value !== "boolean") throw new InvalidContent("boolean or JSON schema expected");
        converted = value;
      } else if (Array.isArray(value)) converted = list(value, context);
      context.quiet = before;
      return converted;
    };
  }

  #struct(name: string, schema: TypeSchema): Convert {
    const structural = schema.structural === true;
    const preserve = schema.preserveUnknown === true;
    const goStruct = shortName(name);
    const goType = goName(name);
    let fields: Map<string, Convert> | undefined;
    let zeros: readonly (readonly [string, ZeroValue])[] = [];
    return (value, context) => {
      if (!isPlainObject(value)) {
        // Of custom resources types are checked with the rest of their schema, in its own words.
        if (structural) return value;
        throw new TypeMismatch(value, goType);
      }
      if (fields === undefined) {
        fields = new Map(
          Object.entries(schema.fields ?? {}).map(([key, field]) => [key, this.#field(field, structural)]),
        );
        zeros = structural ? [] : this.#zeroFields(schema);
      }
      const outer = context.struct;
      context.struct = goStruct;
      let output: Record<string, unknown> | undefined;
      for (const key in value) {
        const child = value[key];
        const field = fields.get(key);
        let next: unknown;
        if (field === undefined) next = preserve ? child : unknown(key, child, context);
        // A key whose value is undefined, which only code can make, is an absent one.
        else if (child === undefined || (child === null && !structural)) next = undefined;
        else {
          context.path.push(key);
          next = field(child, context);
          context.path.pop();
        }
        if (output === undefined) {
          if (next === child) continue;
          output = copyBefore(value, key);
        }
        if (next !== undefined) setAt(output, key, next);
      }
      for (const [key, zero] of zeros) {
        if ((output ?? value)[key] !== undefined) continue;
        output ??= { ...value };
        output[key] = zero();
      }
      context.struct = outer;
      return output ?? value;
    };
  }

  /** A field's conversion, which also drops what Go's omitempty would not write. */
  #field(field: FieldSchema, structural: boolean): Convert {
    const convert = this.#reference(field, structural);
    const target = field.ref === undefined ? undefined : this.#schemas[field.ref];
    const type = field.type ?? (scalarTypes[field.ref ?? ""] === undefined ? target?.type : undefined);
    const isStruct = field.ref !== undefined && type === undefined;
    if (structural || field.presence !== undefined || isStruct || target?.fields !== undefined) return convert;
    if (type === "array") {
      return (value, context) => {
        const list = convert(value, context) as unknown[];
        return list.length === 0 ? undefined : list;
      };
    }
    if (type === "object" && field.values !== undefined) {
      return (value, context) => {
        const map = convert(value, context) as Record<string, unknown>;
        for (const _ in map) return map;
        return undefined;
      };
    }
    if (type === "object") return convert;
    return (value, context) => {
      const scalar = convert(value, context);
      return scalar === "" || scalar === 0 || scalar === false ? undefined : scalar;
    };
  }

  #reference(field: FieldSchema, structural: boolean): Convert {
    return field.ref === undefined ? this.#value(field, undefined, structural) : this.type(field.ref);
  }

  #value(field: FieldSchema, goType: string | undefined, structural: boolean): Convert {
    if (structural && field.type !== "array" && field.values === undefined) return passThrough;
    switch (field.type) {
      case "string":
        if (field.format === "byte") return convertBytes;
        if (field.format === "int-or-string") return integer(convertIntOrString, "int32");
        return convertString;
      case "integer":
        return field.format === "int32" || (field.format === undefined && !structural)
          ? integer(convertInt32, "int32")
          : integer(convertInt64, "int64");
      case "number":
        return convertDouble;
      case "boolean":
        return convertBoolean;
      case "array":
        return this.#list(field.items ?? {}, goType, structural);
      case "object":
        return field.values === undefined ? passThrough : this.#map(field.values, goType, structural);
      default:
        return passThrough;
    }
  }

  #list(items: FieldSchema, name: string | undefined, structural: boolean): Convert {
    const goType = name ?? goTypeOf({ type: "array", items });
    const convert = this.#reference(items, structural);
    const zero = this.#zeroOf(items) ?? (() => null);
    return (value, context) => {
      if (!Array.isArray(value)) {
        if (structural) return value;
        throw new TypeMismatch(value, goType);
      }
      let output: unknown[] | undefined;
      const depth = context.path.length;
      for (let index = 0; index < value.length; index++) {
        const element = value[index] as unknown;
        context.path[depth] = index;
        const next = element === null && !structural ? zero() : convert(element, context);
        if (next === element) continue;
        output ??= [...value];
        output[index] = next;
      }
      context.path.length = depth;
      return output ?? value;
    };
  }

  #map(values: FieldSchema, name: string | undefined, structural: boolean): Convert {
    const goType = name ?? goTypeOf({ type: "object", values });
    const convert = this.#reference(values, structural);
    const zero = this.#zeroOf(values) ?? (() => null);
    const isLeaf = values.ref === undefined && values.type !== "array" && values.type !== "object";
    return (value, context) => {
      if (!isPlainObject(value)) {
        if (structural) return value;
        throw new TypeMismatch(value, goType);
      }
      let output: Record<string, unknown> | undefined;
      for (const key in value) {
        const child = value[key];
        if (!isLeaf) context.path.push({ key });
        const next = child === null && !structural ? zero() : convert(child, context);
        if (!isLeaf) context.path.pop();
        if (output === undefined) {
          if (next === child) continue;
          output = copyBefore(value, key);
        }
        setAt(output, key, next);
      }
      return output ?? value;
    };
  }

  /**
   * Go's zero value; undefined where there is nothing but null. A list or map that is none is an empty one here, so that
   * code that walks what its type has never meets null.
   */
  #zeroOf(field: FieldSchema): ZeroValue | undefined {
    if (field.ref !== undefined) {
      if (scalarTypes[field.ref] !== undefined) return scalarTypes[field.ref]?.zero;
      const target = this.#schemas[field.ref];
      if (target?.fields !== undefined) return this.#zeroStruct(field.ref, target);
      return target === undefined ? undefined : this.#zeroOf(target);
    }
    switch (field.type) {
      case "string":
        return () => "";
      case "integer":
      case "number":
        return () => 0;
      case "boolean":
        return () => false;
      case "array":
        return () => [];
      case "object":
        return field.values === undefined ? undefined : () => ({});
      default:
        return undefined;
    }
  }

  #zeroStruct(name: string, schema: TypeSchema): ZeroValue {
    const known = this.#zeros.get(name);
    if (known !== undefined) return known;
    let fields: readonly (readonly [string, ZeroValue])[] | undefined;
    const zero: ZeroValue = () => {
      fields ??= this.#zeroFields(schema);
      const value: Record<string, unknown> = {};
      for (const [key, make] of fields) value[key] = make();
      return value;
    };
    this.#zeros.set(name, zero);
    return zero;
  }

  #isCollection({ ref, type, format }: FieldSchema): boolean {
    const kind = type ?? (ref === undefined ? undefined : this.#schemas[ref]?.type);
    return kind === "array" || kind === "object" || format === "byte";
  }

  #zeroFields(schema: TypeSchema): (readonly [string, ZeroValue])[] {
    const zeros: (readonly [string, ZeroValue])[] = [];
    for (const [key, field] of Object.entries(schema.fields ?? {})) {
      if (field.presence !== "always") continue;
      const isStruct = field.ref !== undefined && this.#schemas[field.ref]?.fields !== undefined;
      const isRequired = schema.required?.includes(key) === true;
      // An empty list or map that nothing asks for is left out, as null is.
      if (!isRequired && !isStruct && (!this.#fillAll || this.#isCollection(field))) continue;
      const zero = this.#zeroOf(field);
      if (zero !== undefined) zeros.push([key, zero]);
    }
    return zeros;
  }
}
