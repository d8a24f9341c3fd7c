import {
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  tooLong,
} from "../../machinery/errors/field-error.ts";
import { badRequest, invalid } from "../../machinery/errors/status-error.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import { parseInt64 } from "../../machinery/parse-int64.ts";
import type { FieldValidation } from "./decode-body.ts";

/** What CreateOptions, UpdateOptions and PatchOptions have in common, from the query. */
export interface WriteOptions {
  readonly dryRun: boolean;
  readonly fieldManager: string;
  readonly fieldValidation: FieldValidation;
  readonly force: boolean | undefined;
  /** As the object of meta.k8s.io/v1 that admission sees. */
  readonly object: UnknownObject;
}

const fieldValidations = ["Ignore", "Strict", "Warn"];
const maximumManagerLength = 128;
const noOptions = new Map<string, WriteOptions>();

/** Throws StatusError BadRequest or Invalid. `kind` is CreateOptions, UpdateOptions or PatchOptions. */
export function writeOptions(query: URLSearchParams, kind: string): WriteOptions {
  if (query.size > 0) return parseWriteOptions(query, kind);
  let options = noOptions.get(kind);
  if (options === undefined) {
    options = parseWriteOptions(query, kind);
    noOptions.set(kind, options);
  }
  return options;
}

function parseWriteOptions(query: URLSearchParams, kind: string): WriteOptions {
  const dryRun = query.getAll("dryRun");
  const fieldManager = query.get("fieldManager") ?? "";
  const fieldValidation = query.get("fieldValidation") || "Warn";
  const errors: FieldError[] = [];
  errors.push(...validateFieldManager(fieldManager));
  errors.push(...validateDryRun(dryRun));
  if (!fieldValidations.includes(fieldValidation)) {
    errors.push(notSupported("fieldValidation", fieldValidation, fieldValidations));
  }
  if (errors.length > 0) throw invalid({ group: "meta.k8s.io", kind }, "", errors);
  const force = readBoolean(query, "force");
  return {
    dryRun: dryRun.length > 0,
    fieldManager,
    fieldValidation: fieldValidation as FieldValidation,
    force,
    object: {
      apiVersion: "meta.k8s.io/v1",
      kind,
      ...(dryRun.length > 0 ? { dryRun } : {}),
      ...(fieldManager === "" ? {} : { fieldManager }),
      ...(query.has("fieldValidation") ? { fieldValidation } : {}),
      ...(force === undefined ? {} : { force }),
    },
  };
}

/** At most 128 bytes, and nothing that cannot be printed; positions and the length count bytes, as Go does. */
function validateFieldManager(manager: string): FieldError[] {
  const isLong = Buffer.byteLength(manager) > maximumManagerLength;
  // One that is too long is complained of as a whole.
  if (isLong) return [tooLong("fieldManager", maximumManagerLength)];
  return [...manager.matchAll(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu)].map(({ 0: character, index }) => {
    const point = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
    const position = Buffer.byteLength(manager.slice(0, index));
    return invalidValue("fieldManager", manager, `invalid character U+${point} (at position ${position})`);
  });
}

/** Each value must be `All`. */
export function validateDryRun(values: readonly string[]): FieldError[] {
  return values.every((value) => value === "All") ? [] : [notSupported("dryRun", values, ["All"])];
}

/** metav1.ListOptions. */
export interface ListOptions {
  readonly labelSelector: string;
  readonly fieldSelector: string;
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
  readonly limit: number;
  readonly continue: string;
  readonly timeoutSeconds: number | undefined;
  readonly allowWatchBookmarks: boolean;
  readonly sendInitialEvents: boolean | undefined;
}

/** Throws StatusError BadRequest, or Invalid where the options do not go together. */
export function listOptions(query: URLSearchParams, watch: boolean): ListOptions {
  const options: ListOptions = {
    labelSelector: query.get("labelSelector") ?? "",
    fieldSelector: query.get("fieldSelector") ?? "",
    resourceVersion: query.get("resourceVersion") ?? "",
    resourceVersionMatch: query.get("resourceVersionMatch") ?? "",
    limit: readInteger(query, "limit") ?? 0,
    continue: query.get("continue") ?? "",
    timeoutSeconds: readInteger(query, "timeoutSeconds"),
    allowWatchBookmarks: readBoolean(query, "allowWatchBookmarks") ?? false,
    sendInitialEvents: readBoolean(query, "sendInitialEvents"),
  };
  const errors = watch ? validateWatch(options) : validateList(options);
  if (errors.length > 0) throw invalid({ group: "meta.k8s.io", kind: "ListOptions" }, "", errors);
  return options;
}

const matchField = "resourceVersionMatch";

function validateList(options: ListOptions): FieldError[] {
  const errors: FieldError[] = [];
  const match = options.resourceVersionMatch;
  if (match !== "") {
    if (options.resourceVersion === "") {
      errors.push(forbiddenField(matchField, "resourceVersionMatch is forbidden unless resourceVersion is provided"));
    }
    if (options.continue !== "") {
      errors.push(forbiddenField(matchField, "resourceVersionMatch is forbidden when continue is provided"));
    }
    if (match !== "Exact" && match !== "NotOlderThan") {
      errors.push(notSupported(matchField, match, ["Exact", "NotOlderThan", ""]));
    }
    if (match === "Exact" && options.resourceVersion === "0") {
      errors.push(forbiddenField(matchField, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
    }
  }
  if (options.sendInitialEvents !== undefined) {
    errors.push(forbiddenField("sendInitialEvents", "sendInitialEvents is forbidden for list"));
  }
  return errors;
}

function validateWatch(options: ListOptions): FieldError[] {
  const errors: FieldError[] = [];
  const match = options.resourceVersionMatch;
  if (options.sendInitialEvents !== undefined && match !== "NotOlderThan") {
    errors.push(forbiddenField(matchField, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
  }
  if (match === "") return errors;
  if (options.sendInitialEvents === undefined) {
    errors.push(
      forbiddenField(matchField, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"),
    );
  }
  if (match !== "NotOlderThan") errors.push(notSupported(matchField, match, ["NotOlderThan"]));
  if (options.continue !== "") {
    errors.push(forbiddenField(matchField, "resourceVersionMatch is forbidden when continue is provided"));
  }
  return errors;
}

/** A revision from a resourceVersion that is neither empty nor "0". Throws StatusError. */
export function parseRevision(resourceVersion: string): number {
  if (/^\d{1,16}$/.test(resourceVersion)) return Number(resourceVersion);
  const detail = `strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`;
  throw badRequest(invalidValue("resourceVersion", resourceVersion, detail).message);
}

function readInteger(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === "") return undefined;
  return Number(parseInt64(text));
}

/** As runtime.Convert_Slice_string_To_bool: everything but `false` and `0` is true. */
export function readBoolean(query: URLSearchParams, name: string): boolean | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  return text.toLowerCase() !== "false" && text !== "0";
}
