import { checkDepth } from "../../machinery/codec/json.ts";
import { invalidValue } from "../../machinery/errors/field-error.ts";
import { badRequest, invalid, unsupportedMediaType } from "../../machinery/errors/status-error.ts";
import type { KindDefinition } from "../../machinery/kind.ts";
import { deepCopy } from "../../machinery/meta/accessors.ts";
import { formatApiVersion, parseApiVersion, type UnknownObject } from "../../machinery/meta/object.ts";
import { applyJsonPatch, jsonPatchSteps } from "../../machinery/patch/json-patch.ts";
import { applyMergePatch } from "../../machinery/patch/merge-patch.ts";
import { applyStrategicMergePatch } from "../../machinery/patch/strategic-merge-patch.ts";
import { conform } from "../../machinery/schema/conform.ts";
import { duplicateField, strictDecodingError } from "../../machinery/schema/decode-error.ts";
import { parseJson } from "../../machinery/schema/parse-json.ts";
import { type DecodeOptions, type ExpectedType, typeMismatch } from "./decode-body.ts";
import { markNumbers, unmarkNumbers } from "./written-numbers.ts";

const jsonPatchType = "application/json-patch+json";
const mergePatchType = "application/merge-patch+json";
const strategicPatchType = "application/strategic-merge-patch+json";
/** Server-side apply: apply.ts. */
const applyPatchType = "application/apply-patch+yaml";

export interface PatchDocument {
  readonly type: string;
  readonly value: unknown;
  /** What is applied where it is not `value`: numbers are marked in it (written-numbers.ts). */
  readonly marked?: unknown;
}

/** Throws StatusError UnsupportedMediaType or BadRequest. */
export function parsePatch(bytes: Buffer, options: DecodeOptions): PatchDocument {
  const type = (options.contentType ?? "").split(";", 1)[0]?.trim() ?? "";
  if (type !== jsonPatchType && type !== mergePatchType && type !== strategicPatchType) {
    throw unsupportedMediaType(
      `the body of the request was in an unknown format - accepted media types include: ${jsonPatchType}, ${mergePatchType}, ${strategicPatchType}, ${applyPatchType}`,
    );
  }
  const { value, duplicateKeys, floats } = parseJson(bytes, { duplicates: options.fieldValidation !== "Ignore" });
  if (duplicateKeys.length > 0) {
    const messages = duplicateKeys.map(duplicateField);
    if (options.fieldValidation === "Strict") throw badRequest(strictDecodingError(messages));
    for (const message of messages) options.warn(message);
  }
  // Upstream turns the values of a strategic patch into those of typed fields without looking at how they are written.
  const looksAtText = floats !== undefined && floats.size > 0 && type !== strategicPatchType;
  return { type, value, ...(looksAtText ? { marked: markNumbers(value, floats) } : {}) };
}

export interface PatchOptions extends DecodeOptions {
  /** Resolves when a patch of many operations may go on; rejects where nobody waits for it any more. */
  nextTurn(): Promise<void>;
}

/** Fewer operations than this are never too much for one turn. */
const manyOperations = 50;
const turnMs = 3;

/** The patched object, conformed to its type; `current` stays as it is. Throws or rejects with StatusError. */
export function applyPatch(
  patch: PatchDocument,
  current: UnknownObject,
  type: ExpectedType,
  options: PatchOptions,
): UnknownObject | Promise<UnknownObject> {
  const { type: mediaType, value, marked = value } = patch;
  if (mediaType === jsonPatchType && Array.isArray(value) && (value.length >= manyOperations || value.some(isCopy))) {
    return applyInTurns(current, marked, options).then((applied) => conformed(applied, patch, current, type, options));
  }
  return conformed(applyDocument(patch, current, type), patch, current, type, options);
}

/** A few copies make a megabyte of a kilobyte. */
const isCopy = (operation: unknown): boolean =>
  typeof operation === "object" && operation !== null && (operation as { op?: unknown }).op === "copy";

async function applyInTurns(current: UnknownObject, value: unknown, { nextTurn }: PatchOptions): Promise<unknown> {
  const steps = jsonPatchSteps(current, value);
  let startedAt = performance.now();
  for (;;) {
    const { done, value: result } = steps.next();
    if (done === true) return result;
    if (performance.now() - startedAt < turnMs) continue;
    await nextTurn();
    startedAt = performance.now();
  }
}

function conformed(
  applied: unknown,
  patch: PatchDocument,
  current: UnknownObject,
  type: ExpectedType,
  options: DecodeOptions,
): UnknownObject {
  limitDepth(applied);
  const isMarked = patch.marked !== undefined;
  const { value: patched, floats } = isMarked ? unmarkNumbers(applied) : { value: deepCopy(applied) };
  checkTypeOf(patched, patch, current, type);
  const { object, unknownFields, errors } = conform(patched, type.schemas, type.schemaName, { floats });
  if (errors.length > 0) throw refuse(type, current, patch, errors.join(", "));
  if (unknownFields.length > 0 && options.fieldValidation === "Strict") {
    throw refuse(type, current, patch, strictDecodingError(unknownFields));
  }
  if (options.fieldValidation === "Warn") for (const message of unknownFields) options.warn(message);
  return { ...(object as UnknownObject), apiVersion: formatApiVersion(type), kind: type.kind };
}

/**
 * No patch makes another kind of an object. As upstream, which reads the patched document as what it says it is; but a
 * strategic patch is applied to a typed object, whose kind is not among its fields. Throws StatusError Invalid.
 */
function checkTypeOf(patched: unknown, { type: mediaType }: PatchDocument, current: UnknownObject, type: ExpectedType) {
  if (typeof patched !== "object" || patched === null || mediaType === strategicPatchType) return;
  const object = patched as UnknownObject;
  if (object.apiVersion === formatApiVersion(type) && object.kind === type.kind) return;
  const problem = missingType(object) ?? mismatchOf(object, current, type);
  if (problem === undefined) return;
  throw typeof problem === "string"
    ? invalid({ group: "", kind: "" }, "", [invalidValue("patch", JSON.stringify(patched), problem)])
    : problem;
}

function missingType(patched: UnknownObject): string | undefined {
  const missing = patched.kind ? (patched.apiVersion ? undefined : "apiVersion") : "Kind";
  return missing && `Object '${missing}' is missing in '${JSON.stringify(patched)}'`;
}

function mismatchOf(patched: UnknownObject, current: UnknownObject, type: ExpectedType): string | Error | undefined {
  const apiVersion = String(patched.apiVersion);
  const kind = String(patched.kind);
  if (type.schemas[type.schemaName]?.structural !== true) {
    return typeMismatch({ ...parseApiVersion(apiVersion), kind }, type)?.message;
  }
  // Custom resources can be of any type until they are validated.
  const expected = formatApiVersion(type);
  return invalid(type, current.metadata?.name ?? "", [
    ...(kind === type.kind ? [] : [invalidValue("kind", kind, `must be ${type.kind}`)]),
    ...(apiVersion === expected ? [] : [invalidValue("apiVersion", apiVersion, `must be ${expected}`)]),
  ]);
}

function applyDocument(
  { type, value, marked = value }: PatchDocument,
  current: UnknownObject,
  expected: ExpectedType,
): unknown {
  switch (type) {
    case jsonPatchType:
      return applyJsonPatch(current, marked);
    case mergePatchType:
      return applyMergePatch(current, marked);
    default:
      if (expected.schemas[expected.schemaName]?.structural === true) {
        throw unsupportedMediaType(
          `the body of the request was in an unknown format - accepted media types include: ${jsonPatchType}, ${mergePatchType}, ${applyPatchType}`,
        );
      }
      return applyStrategicMergePatch(current, value, expected.schemas, expected.schemaName);
  }
}

/** A patch may put into what is there what is itself within the limit. */
function limitDepth(value: unknown): void {
  try {
    checkDepth(value);
  } catch (cause) {
    throw badRequest((cause as Error).message, { cause });
  }
}

function refuse(type: ExpectedType, current: UnknownObject, patch: PatchDocument, detail: string): Error {
  const name = current.metadata?.name ?? "";
  return invalid(type as Pick<KindDefinition, "group" | "kind">, name, [
    invalidValue("patch", JSON.stringify(patch.value), detail),
  ]);
}
