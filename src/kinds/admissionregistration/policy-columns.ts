/** Cells that validating and mutating admission policies share. */
import { formatSelector } from "../column-parts.ts";
import type { ParamKind, ParamRef } from "../generated/admissionregistration-v1.ts";

export function formatParameterKind(kind: ParamKind | undefined): string {
  return kind === undefined ? "<unset>" : `${kind.apiVersion ?? ""}/${kind.kind ?? ""}`;
}

/** `namespace/name`, or with `*` where no namespace is named; the selector where parameters are selected. */
export function formatParameterReference(reference: ParamRef | undefined): string {
  if (reference?.name) return `${reference.namespace || "*"}/${reference.name}`;
  return reference?.selector === undefined ? "<unset>" : formatSelector(reference.selector);
}
