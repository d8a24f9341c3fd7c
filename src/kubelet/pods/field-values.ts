/** Fields of a pod as text, for environment variables and downward API volumes. */

import type { Container, ObjectFieldSelector, Pod, ResourceFieldSelector } from "../../kinds/generated/core-v1.ts";
import { valueAt } from "../../machinery/meta/accessors.ts";
import { parseQuantity } from "../../machinery/quantity.ts";

export interface FieldContext {
  readonly hostIP: string;
  readonly podIPs: readonly string[];
  /** CPU in thousandths of a core and memory in bytes, which a container without limits may use. */
  readonly allocatable: { readonly cpu: number; readonly memory: number; readonly ephemeralStorage: number };
}

/** `metadata.labels` and `metadata.annotations` as a whole: one `key="value"` a line, sorted. */
function formatMap(map: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${quote(value)}`)
    .join("\n");
}

/** Go's %q for what labels and annotations hold. */
function quote(value: string): string {
  return JSON.stringify(value)
    .replace(/\\b/g, "\\b")
    .replace(/\u2028/g, "\\u2028")
    .replace(/\u2029/g, "\\u2029");
}

export function fieldValue({ fieldPath }: ObjectFieldSelector, pod: Pod, context: FieldContext): string {
  const { metadata, spec } = pod;
  const subscript = /^(.*)\['(.*)'\]$/.exec(fieldPath);
  if (subscript !== null) {
    const [, path, key = ""] = subscript;
    if (path === "metadata.annotations") return valueAt(metadata?.annotations, key) ?? "";
    if (path === "metadata.labels") return valueAt(metadata?.labels, key) ?? "";
    throw new Error(`fieldPath "${fieldPath}" does not support subscript`);
  }
  switch (fieldPath) {
    case "metadata.annotations":
      return formatMap(metadata?.annotations);
    case "metadata.labels":
      return formatMap(metadata?.labels);
    case "metadata.name":
      return metadata?.name ?? "";
    case "metadata.namespace":
      return metadata?.namespace ?? "";
    case "metadata.uid":
      return metadata?.uid ?? "";
    case "spec.nodeName":
      return spec?.nodeName ?? "";
    case "spec.serviceAccountName":
      return spec?.serviceAccountName ?? "";
    case "status.hostIP":
    case "status.hostIPs":
      return context.hostIP;
    case "status.podIP":
      return context.podIPs[0] ?? "";
    case "status.podIPs":
      return context.podIPs.join(",");
    default:
      throw new Error(`unsupported fieldPath: ${fieldPath}`);
  }
}

/** Limits and requests in units of the divisor, rounded up. A container without a limit may use the whole node. */
export function resourceFieldValue(
  { resource, divisor, containerName }: ResourceFieldSelector,
  pod: Pod,
  container: Container | undefined,
  context: FieldContext,
): string {
  const name = containerName || container?.name;
  const found =
    container?.name === name
      ? container
      : [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].find((other) => other.name === name);
  if (found === undefined) throw new Error(`container ${name ?? ""} not found`);
  const match = /^(limits|requests)\.(.+)$/.exec(resource);
  if (match === null) throw new Error(`unsupported container resource : ${resource}`);
  const [, list, kind = ""] = match as unknown as [string, "limits" | "requests", string];
  const text = valueAt(found.resources?.[list], kind);
  const quantity = parseQuantity(text ?? (list === "limits" ? defaultLimit(kind, context) : "0"));
  const unit = parseQuantity(divisor === undefined || divisor === "0" ? "1" : divisor);
  const quotient = quantity.nanos / unit.nanos;
  return String(quotient * unit.nanos === quantity.nanos ? quotient : quotient + 1n);
}

function defaultLimit(kind: string, { allocatable }: FieldContext): string {
  if (kind === "cpu") return `${allocatable.cpu}m`;
  if (kind === "memory") return String(allocatable.memory);
  return kind === "ephemeral-storage" ? String(allocatable.ephemeralStorage) : "0";
}
