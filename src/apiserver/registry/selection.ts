import { badRequest } from "../../machinery/errors/status-error.ts";
import { valueAt } from "../../machinery/meta/accessors.ts";
import { type FieldSelector, matchesFields, parseFieldSelector } from "../../machinery/selectors/field-selector.ts";
import { type LabelSelector, parseLabelSelector } from "../../machinery/selectors/label-selector.ts";
import type { CachedObject } from "../watch/cached-object.ts";
import type { ServedResource } from "./resources.ts";

/** Which objects of a resource a list or watch is about. */
export interface Selection {
  /** Whether everything under the prefix is meant. */
  readonly all: boolean;
  matches(object: CachedObject): boolean;
}

const everything: Selection = { all: true, matches: () => true };
const common = new Set(["metadata.name", "metadata.namespace"]);

/** Throws StatusError BadRequest on selectors that cannot be read and on fields that the kind does not offer. */
export function selectionOf(resource: ServedResource, labelText: string, fieldText: string): Selection {
  if (labelText === "" && fieldText === "") return everything;
  const labels = labelText === "" ? undefined : parseLabelSelector(labelText);
  const fields = fieldText === "" ? undefined : parseFieldSelector(fieldText);
  checkFields(resource, fields);
  return selection(resource, labels, fields);
}

function selection(
  resource: ServedResource,
  labels: LabelSelector | undefined,
  fields: FieldSelector | undefined,
): Selection {
  const read = fieldReader(resource);
  return {
    all: (labels?.empty ?? true) && (fields?.requirements.length ?? 0) === 0,
    matches: (object) =>
      (labels === undefined || labels.matches(object.labels)) &&
      (fields === undefined || matchesFields(fields, (field) => read(object, field))),
  };
}

/** Fields are kept beside the object for its stored version; another version's are computed from the conversion. */
function fieldReader(resource: ServedResource): (object: CachedObject, field: string) => string {
  const { kind } = resource;
  if (!resource.converts) return (object, field) => object.field(kind, field);
  return (object, field) =>
    common.has(field)
      ? object.field(kind, field)
      : (valueAt(kind.selectableFields, field)?.(resource.decode(object)) ?? "");
}

function checkFields({ kind }: ServedResource, fields: FieldSelector | undefined): void {
  for (const { field } of fields?.requirements ?? []) {
    if (common.has(field) || valueAt(kind.selectableFields, field) !== undefined) continue;
    throw badRequest(
      kind.selectableFields === undefined
        ? `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`
        : `field label not supported: ${field}`,
    );
  }
}
