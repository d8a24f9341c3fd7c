/** What plugins ask of an admission request. */
import type { Pod } from "../../kinds/generated/core-v1.ts";
import { forbidden, type StatusError } from "../../machinery/errors/status-error.ts";
import type { AdmissionOperation, AdmissionRequest } from "../types.ts";

/** Whether a request writes this resource; `subresource` "" is the main one. */
export function concerns(
  { kind, subresource: actual, operation }: AdmissionRequest,
  group: string,
  plural: string,
  options: { subresource?: string; operations?: readonly AdmissionOperation[] } = {},
): boolean {
  if (kind.plural !== plural || kind.group !== group || actual !== (options.subresource ?? "")) return false;
  return options.operations === undefined || options.operations.includes(operation);
}

/** The pod that is created, without subresource; undefined for every other request. */
export function createdPod(request: AdmissionRequest): Pod | undefined {
  if (!concerns(request, "", "pods", { operations: ["CREATE"] })) return undefined;
  return request.object as Pod | undefined;
}

/** The 403 of an admission plugin: `pods "x" is forbidden: MESSAGE`. */
export function refuse(request: AdmissionRequest, message: string): StatusError {
  const metadata = request.object?.metadata;
  const name = request.name || metadata?.name || metadata?.generateName || "Unknown";
  return forbidden(request.kind, name, message);
}

/** The object that is written, as the type that its kind has. */
export const objectOf = <T>(request: AdmissionRequest): T => request.object as unknown as T;
/** What is stored before an update or deletion. */
export const oldObjectOf = <T>(request: AdmissionRequest): T => request.oldObject as unknown as T;
