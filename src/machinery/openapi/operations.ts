/**
 * The HTTP operations of kinds, in a form that both OpenAPI versions are written from: paths, actions, parameters and
 * the types of bodies. kubectl looks at them for what a PATCH can do (`fieldValidation`, server-side apply).
 */
import { typeOfKind } from "../codec/protobuf.ts";
import type { KindDefinition, Subresource } from "../kind.ts";
import type { GroupVersionKind } from "../meta/object.ts";

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query";
  readonly type: "string" | "boolean" | "integer";
}

export interface Operation {
  readonly path: string;
  readonly method: "get" | "put" | "post" | "patch" | "delete";
  /** x-kubernetes-action. */
  readonly action: string;
  readonly operationId: string;
  readonly tag: string;
  readonly gvk: GroupVersionKind;
  /** Of the path, then of the query. */
  readonly parameters: readonly Parameter[];
  readonly body?: { readonly typeName: string; readonly required: boolean; readonly consumes: readonly string[] };
  /** Type of the answer; undefined: a string. */
  readonly response: string | undefined;
  readonly codes: readonly number[];
  readonly produces: readonly string[];
}

const metaTypes = "io.k8s.apimachinery.pkg.apis.meta.v1.";
const anyType = ["*/*"];
const objectTypes = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
const watchTypes = [
  ...objectTypes,
  "application/json;stream=watch",
  "application/vnd.kubernetes.protobuf;stream=watch",
];
const customTypes = ["application/json", "application/yaml"];
const patchTypes = [
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
  "application/apply-patch+yaml",
];

const query = (name: string, type: Parameter["type"] = "string"): Parameter => ({ name, in: "query", type });
const pathParameter = (name: string): Parameter => ({ name, in: "path", type: "string" });
const pretty = query("pretty");
const writeParameters = [query("dryRun"), query("fieldManager"), query("fieldValidation")];
const deleteParameters = [
  query("dryRun"),
  query("gracePeriodSeconds", "integer"),
  query("ignoreStoreReadErrorWithClusterBreakingPotential", "boolean"),
  query("orphanDependents", "boolean"),
  query("propagationPolicy"),
];
const selectParameters = [
  query("continue"),
  query("fieldSelector"),
  query("labelSelector"),
  query("limit", "integer"),
  query("resourceVersion"),
  query("resourceVersionMatch"),
  query("sendInitialEvents", "boolean"),
  query("timeoutSeconds", "integer"),
];
const listParameters = [query("allowWatchBookmarks", "boolean"), ...selectParameters, query("watch", "boolean")];

/** `io.k8s.api.core.v1.PodList`: published beside the table for custom resources. */
export const listTypeOf = (kind: KindDefinition): string => `${kind.schemaName}List`;

const capitalize = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

/** `CoreV1`, `RbacAuthorizationV1`, `ComExampleV1`. */
function identifierOf({ group, version }: { group: string; version: string }): string {
  const parts = group === "" ? ["core"] : group.endsWith(".k8s.io") ? group.split(".").slice(0, -2) : group.split(".");
  const ordered = group.includes(".") && !group.endsWith(".k8s.io") ? parts.reverse() : parts;
  return (
    ordered
      .flatMap((part) => part.split("-"))
      .map(capitalize)
      .join("") + capitalize(version)
  );
}

/** `rbacAuthorization`, `core`. */
function tagOf(group: string): string {
  if (group === "") return "core";
  return group.replace(/\.k8s\.io$/, "").replaceAll(/[.-](\w)/g, (_, letter: string) => letter.toUpperCase());
}

export function groupVersionPath({ group, version }: { group: string; version: string }): string {
  return group === "" ? `api/${version}` : `apis/${group}/${version}`;
}

/** All operations of a kind and its subresources. */
export function operationsOf(kind: KindDefinition): Operation[] {
  return new OperationBuilder(kind).build();
}

type Details = Pick<Operation, "method" | "action"> & {
  verb: string;
  suffix?: string;
  gvk?: GroupVersionKind;
  parameters?: readonly Parameter[];
  body?: Operation["body"];
  response?: string | undefined;
  codes?: readonly number[];
  produces?: readonly string[];
};

class OperationBuilder {
  readonly #kind: KindDefinition;
  readonly #operations: Operation[] = [];
  readonly #isCustom: boolean;

  constructor(kind: KindDefinition) {
    this.#kind = kind;
    this.#isCustom = kind.schemas[kind.schemaName]?.structural === true || kind.openApiSchema !== undefined;
  }

  build(): Operation[] {
    const { plural, namespaced, verbs } = this.#kind;
    const root = `/${groupVersionPath(this.#kind)}`;
    const collection = namespaced ? `${root}/namespaces/{namespace}/${plural}` : `${root}/${plural}`;
    if (namespaced && verbs.includes("list")) this.#list(`${root}/${plural}`, "ForAllNamespaces");
    this.#collection(collection);
    this.#item(`${collection}/{name}`);
    for (const subresource of this.#kind.subresources) this.#subresource(`${collection}/{name}`, subresource);
    return this.#operations;
  }

  #add(path: string, details: Details): void {
    const { verb, suffix = "", body, ...rest } = details;
    const infix =
      details.action === "deletecollection" ? "Collection" : verb === "connect" ? capitalize(details.method) : "";
    const scope = path.includes("{namespace}") ? "Namespaced" : "";
    const placeholders = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => pathParameter(name as string)).reverse();
    const { group, version, kind } = this.#kind;
    const tag = `${tagOf(group)}_${version}`;
    this.#operations.push({
      gvk: { group, version, kind },
      response: this.#kind.schemaName,
      codes: [200],
      produces: this.#isCustom ? customTypes : objectTypes,
      ...rest,
      ...(body === undefined ? {} : { body }),
      path,
      tag,
      operationId: `${verb}${identifierOf(this.#kind)}${infix}${scope}${kind}${suffix}`,
      parameters: [...placeholders, pretty, ...(details.parameters ?? [])],
    });
  }

  #body(typeName: string, required = true): NonNullable<Operation["body"]> {
    return { typeName, required, consumes: anyType };
  }

  #patchBody(): NonNullable<Operation["body"]> {
    const consumes = this.#isCustom ? patchTypes.filter((type) => !type.includes("strategic")) : patchTypes;
    return { typeName: `${metaTypes}Patch`, required: true, consumes };
  }

  #list(path: string, suffix = ""): void {
    const response = listTypeOf(this.#kind);
    const produces = this.#isCustom ? customTypes : watchTypes;
    this.#add(path, {
      method: "get",
      action: "list",
      verb: "list",
      suffix,
      parameters: listParameters,
      response,
      produces,
    });
  }

  #collection(path: string): void {
    const { verbs, schemaName } = this.#kind;
    if (verbs.includes("list")) this.#list(path);
    if (verbs.includes("create")) {
      const body = this.#body(schemaName);
      this.#add(path, {
        method: "post",
        action: "post",
        verb: "create",
        parameters: writeParameters,
        body,
        codes: [200, 201, 202],
      });
    }
    if (verbs.includes("deletecollection")) {
      const body = this.#body(`${metaTypes}DeleteOptions`, false);
      const parameters = [...deleteParameters, ...selectParameters];
      const response = `${metaTypes}Status`;
      this.#add(path, { method: "delete", action: "deletecollection", verb: "delete", parameters, body, response });
    }
  }

  #item(path: string): void {
    const { verbs } = this.#kind;
    if (verbs.includes("get")) this.#add(path, { method: "get", action: "get", verb: "read" });
    this.#updates(path, verbs, {});
    if (verbs.includes("delete")) {
      const body = this.#body(`${metaTypes}DeleteOptions`, false);
      const response = `${metaTypes}Status`;
      this.#add(path, {
        method: "delete",
        action: "delete",
        verb: "delete",
        parameters: deleteParameters,
        body,
        response,
        codes: [200, 202],
      });
    }
  }

  #updates(
    path: string,
    verbs: readonly string[],
    shared: { suffix?: string; gvk?: GroupVersionKind; response?: string | undefined },
  ): void {
    const type = shared.response ?? this.#kind.schemaName;
    if (verbs.includes("update")) {
      const body = this.#body(type);
      this.#add(path, {
        method: "put",
        action: "put",
        verb: "replace",
        parameters: writeParameters,
        body,
        codes: [200, 201],
        ...shared,
      });
    }
    if (verbs.includes("patch")) {
      const parameters = [...writeParameters, query("force", "boolean")];
      this.#add(path, {
        method: "patch",
        action: "patch",
        verb: "patch",
        parameters,
        body: this.#patchBody(),
        codes: [200, 201],
        ...shared,
      });
    }
  }

  #subresource(item: string, { name, kind, verbs }: Subresource): void {
    const path = `${item}/${name}`;
    const suffix = capitalize(name);
    const apiVersion = kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
    const type = name === "status" ? this.#kind.schemaName : typeOfKind(this.#kind.schemas, apiVersion, kind.kind);
    const response = name === "log" ? undefined : type;
    const shared = { suffix, gvk: kind, response };
    if (kind.kind.endsWith("Options")) {
      const connect = { action: "connect", suffix, gvk: kind, response: undefined, produces: anyType };
      if (verbs.includes("get")) this.#add(path, { method: "get", verb: "connect", ...connect });
      if (verbs.includes("create")) this.#add(path, { method: "post", verb: "connect", ...connect });
      return;
    }
    if (verbs.includes("get")) this.#add(path, { method: "get", action: "get", verb: "read", ...shared });
    if (verbs.includes("create")) {
      const body = this.#body(response ?? this.#kind.schemaName);
      this.#add(path, {
        method: "post",
        action: "post",
        verb: "create",
        parameters: writeParameters,
        body,
        codes: [200, 201, 202],
        ...shared,
      });
    }
    this.#updates(path, verbs, shared);
  }
}
