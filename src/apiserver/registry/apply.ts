/**
 * Server-side apply as a write of the registry: the YAML document of the request, its checks, and the object that it
 * makes of the stored one. Also the tracking of field owners on other writes, which only objects that have owners pay
 * for (docs/decisions/0002-managed-fields.md).
 */
import { formatTime } from "../../lib/clock.ts";
import { duplicatesError, parseYaml } from "../../machinery/codec/yaml.ts";
import { forbiddenField, required } from "../../machinery/errors/field-error.ts";
import { badRequest, internalError, invalid, StatusError } from "../../machinery/errors/status-error.ts";
import type { KindDefinition } from "../../machinery/kind.ts";
import { deepCopy } from "../../machinery/meta/accessors.ts";
import { formatApiVersion, type UnknownObject } from "../../machinery/meta/object.ts";
import { FieldSet } from "../../machinery/patch/apply/field-set.ts";
import { applyConfiguration, trackUpdate, type WriteBy } from "../../machinery/patch/apply/server-side-apply.ts";
import { UntypedValueError } from "../../machinery/patch/apply/shape.ts";
import { conform } from "../../machinery/schema/conform.ts";
import { parseJson } from "../../machinery/schema/parse-json.ts";
import type { HttpRequest } from "../types.ts";
import type { DecodeOptions } from "./decode-body.ts";
import type { WriteOptions } from "./request-options.ts";
import type { WriteRequest } from "./write-request.ts";

const applyPatchType = "application/apply-patch+yaml";

export function isApply({ headers }: HttpRequest): boolean {
  return (headers["content-type"] ?? "").startsWith(applyPatchType);
}

/** Throws StatusError Invalid, as ValidatePatchOptions. */
export function checkPatchOptions({ fieldManager, force }: WriteOptions, apply: boolean): void {
  const gk = { group: "meta.k8s.io", kind: "PatchOptions" };
  if (apply && fieldManager === "") throw invalid(gk, "", [required("fieldManager", "is required for apply patch")]);
  if (!apply && force !== undefined) {
    throw invalid(gk, "", [forbiddenField("force", "may not be specified for non-apply patch")]);
  }
}

export interface ApplyDocument {
  readonly configuration: UnknownObject;
  /** `line 7: key "replicas" already set in map`. */
  readonly duplicates: readonly string[];
}

/** Rejects with StatusError BadRequest on what is no YAML mapping. */
export async function parseApplyDocument(bytes: Buffer): Promise<ApplyDocument> {
  return parseJsonDocument(bytes) ?? (await parseYamlDocument(bytes));
}

/** What clients send is nearly always JSON; anything unusual in it is left to the YAML parser to explain. */
function parseJsonDocument(bytes: Buffer): ApplyDocument | undefined {
  if (bytes[0] !== "{".charCodeAt(0)) return undefined;
  try {
    const { value, duplicateKeys } = parseJson(bytes, { duplicates: true });
    return duplicateKeys.length > 0 ? undefined : { configuration: value as UnknownObject, duplicates: [] };
  } catch (error) {
    if (error instanceof StatusError) return undefined;
    throw error;
  }
}

async function parseYamlDocument(bytes: Buffer): Promise<ApplyDocument> {
  const prefix = "error decoding YAML: ";
  const { value: configuration, duplicates } = await parseYaml(bytes, { duplicates: true, prefix });
  if (typeof configuration !== "object" || configuration === null || Array.isArray(configuration)) {
    throw badRequest(
      "error decoding YAML: error unmarshaling JSON: json: cannot unmarshal into map[string]interface {}",
    );
  }
  return { configuration: configuration as UnknownObject, duplicates };
}

/** The object that the configuration makes of `live`, or undefined where nothing changes. Throws StatusError. */
export function applyDocument(
  live: UnknownObject | undefined,
  { configuration, duplicates }: ApplyDocument,
  write: WriteRequest,
  options: DecodeOptions & { readonly force: boolean },
): UnknownObject | undefined {
  const { kind, apiVersion } = write.resource;
  checkType(configuration, kind, apiVersion);
  const { unknownFields, errors } = conform(configuration, kind.schemas, kind.schemaName);
  const problem = errors[0] ?? undeclared(unknownFields[0]);
  if (problem !== undefined) throw notTyped(configuration, problem);
  const result = applyTyped(live, configuration, { ...writeBy(write), force: options.force });
  if (duplicates.length > 0 && options.fieldValidation !== "Ignore") reportDuplicates(duplicates, options);
  if (result === undefined) return undefined;
  const { object, errors: mismatches } = conform(deepCopy(result), kind.schemas, kind.schemaName);
  if (mismatches.length > 0) throw notTyped(configuration, mismatches.join(", "));
  const typed = object as UnknownObject;
  kind.applyDefaults?.(typed);
  return typed;
}

/** The configuration itself has been looked into: what cannot be is the stored object. */
function applyTyped(
  live: UnknownObject | undefined,
  configuration: UnknownObject,
  write: Parameters<typeof applyConfiguration>[2],
): UnknownObject | undefined {
  try {
    return applyConfiguration(live, configuration, write);
  } catch (cause) {
    if (cause instanceof UntypedValueError) throw notTyped(live ?? configuration, cause.message, "live");
    throw cause;
  }
}

function checkType(configuration: UnknownObject, kind: KindDefinition, expected: string): void {
  if (!configuration.apiVersion || !configuration.kind) {
    throw badRequest("couldn't get object: Object 'Kind' or 'apiVersion' is missing in the apply patch");
  }
  if (configuration.apiVersion !== expected) {
    throw badRequest(
      `Incorrect version specified in apply patch. Specified patch version: ${configuration.apiVersion}, expected: ${expected}`,
    );
  }
  if (configuration.kind !== kind.kind) {
    throw badRequest(`couldn't apply ${configuration.kind} to a ${formatApiVersion(kind)} ${kind.kind}`);
  }
}

const undeclared = (unknownField: string | undefined): string | undefined =>
  unknownField?.replace(/^unknown field "(.*)"$/, ".$1: field not declared in schema");

function notTyped({ apiVersion, kind, metadata }: UnknownObject, problem: string, which = "patch"): StatusError {
  const { namespace = "", name = "" } = metadata ?? {};
  const path = namespace === "" ? `/${name}` : `${namespace}/${name}`;
  // In upstream's words; there the code is 500, as of every error that nobody gave one.
  return new StatusError({
    code: 400,
    message: `failed to create typed ${which} object (${path}; ${apiVersion}, Kind=${kind}): ${problem}`,
  });
}

function reportDuplicates(duplicates: readonly string[], options: DecodeOptions): void {
  if (options.fieldValidation === "Strict") {
    throw badRequest(`error strict decoding YAML: error converting YAML to JSON: ${duplicatesError(duplicates)}`);
  }
  for (const one of duplicates) options.warn(one);
}

/** On the main resource status is not owned, and through status nothing but it. */
const statusFields = FieldSet.of(["f:status"]);
const mainFields = FieldSet.of(["f:spec"], ["f:metadata"], ["f:data"], ["f:rules"]);

function writeBy({ resource, subresource, fieldManager = "kube-apiserver", now }: WriteRequest): WriteBy {
  const { kind, apiVersion, subresources } = resource;
  const common = {
    schemas: kind.schemas,
    typeName: kind.schemaName,
    apiVersion,
    manager: fieldManager,
    subresource,
    time: formatTime(now),
  };
  if (subresource === "status") return { ...common, ignored: mainFields };
  return subresources.has("status") && subresource === "" ? { ...common, ignored: statusFields } : common;
}

/** Brings metadata.managedFields of an object up to date that is about to replace `old`. Mutates. */
export function trackOwners(write: WriteRequest, object: UnknownObject, old: UnknownObject): void {
  if (write.applied === true) return;
  const owned = old.metadata?.managedFields !== undefined || object.metadata?.managedFields !== undefined;
  if (!owned || object.metadata === undefined) return;
  try {
    const tracked = trackUpdate(old, object, writeBy(write));
    if (tracked === undefined) delete object.metadata.managedFields;
    else object.metadata.managedFields = tracked;
  } catch (error) {
    if (error instanceof StatusError) throw internalError(error);
    // Lists with duplicate keys cannot be tracked; upstream keeps the owners as they are, too.
    const kept = old.metadata?.managedFields;
    if (kept === undefined) delete object.metadata.managedFields;
    else object.metadata.managedFields = deepCopy(kept);
  }
}

/** Who writes: the fieldManager of the query, or the first word of the User-Agent. */
export function managerOf(fieldManager: string, userAgent: string | undefined): string {
  if (fieldManager !== "") return fieldManager;
  const name = (userAgent ?? "").split("/", 1)[0] ?? "";
  return name.replace(/\p{C}/gu, "").slice(0, 128) || "unknown";
}
