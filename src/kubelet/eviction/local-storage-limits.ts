/** Which limits of local storage a pod has, and whether it keeps to them, in upstream's order and words: pure. */
import { aggregateContainerResources } from "../../kinds/core/pod/container-aggregation.ts";
import type { Container, Pod, Volume } from "../../kinds/generated/core-v1.ts";
import { parseQuantity, Quantity } from "../../machinery/quantity.ts";
import { noFiles } from "../stats/disk-usage.ts";
import { type LocalStorageUsage, podStorage } from "../stats/local-storage-usage.ts";

const resource = "ephemeral-storage";

export function hasSizeLimit({ emptyDir }: Volume): boolean {
  return emptyDir?.sizeLimit !== undefined && parseQuantity(emptyDir.sizeLimit).sign > 0;
}

/** Whether some container of the pod limits its ephemeral storage, which limits that of the pod as a whole. */
export function hasStorageLimit(pod: Pod): boolean {
  const limits = ({ resources }: Container): boolean => resources?.limits?.[resource] !== undefined;
  return (pod.spec?.containers ?? []).some(limits) || (pod.spec?.initContainers ?? []).some(limits);
}

export interface ExceededLimit {
  /** As upstream's metrics name what was exceeded. */
  readonly signal: "emptydirfs.limit" | "ephemeralpodfs.limit" | "ephemeralcontainerfs.limit";
  readonly message: string;
}

/** Says which limit the pod exceeds: that of a volume, of all its containers, of one container. Undefined: none. */
export function exceededLimit(pod: Pod, usage: LocalStorageUsage): ExceededLimit | undefined {
  return exceededVolume(pod, usage) ?? exceededPod(pod, usage) ?? exceededContainer(pod, usage);
}

function exceededVolume(pod: Pod, { volumes }: Pick<LocalStorageUsage, "volumes">): ExceededLimit | undefined {
  for (const { name, emptyDir } of (pod.spec?.volumes ?? []).filter(hasSizeLimit)) {
    const limit = parseQuantity(emptyDir?.sizeLimit ?? "0");
    if (!exceeds(volumes.get(name)?.bytes ?? 0, limit)) continue;
    return { signal: "emptydirfs.limit", message: `Usage of EmptyDir volume "${name}" exceeds the limit "${limit}". ` };
  }
  return undefined;
}

/** Containers without a limit count to the usage, not to the limit. */
function exceededPod(pod: Pod, usage: LocalStorageUsage): ExceededLimit | undefined {
  const limit = podLimit(pod);
  if (limit === undefined || !exceeds(podStorage(pod, usage).bytes, limit)) return undefined;
  const message = `Pod ephemeral local storage usage exceeds the total limit of containers ${limit}. `;
  return { signal: "ephemeralpodfs.limit", message };
}

function exceededContainer(pod: Pod, { containers }: LocalStorageUsage): ExceededLimit | undefined {
  for (const { name, resources } of pod.spec?.containers ?? []) {
    const limit = parseQuantity(resources?.limits?.[resource] ?? "0");
    const { rootfs = noFiles, logs = noFiles } = containers.get(name) ?? {};
    if (limit.isZero || !exceeds(rootfs.bytes + logs.bytes, limit)) continue;
    const message = `Container ${name} exceeded its local ephemeral storage limit "${limit}". `;
    return { signal: "ephemeralcontainerfs.limit", message };
  }
  return undefined;
}

function podLimit({ spec }: Pod): Quantity | undefined {
  const text = spec === undefined ? undefined : aggregateContainerResources(spec, "limits")[resource];
  if (text === undefined) return undefined;
  const limit = parseQuantity(text);
  return limit.isZero ? limit : limit.add(parseQuantity(spec?.overhead?.[resource] ?? "0"));
}

function exceeds(bytes: number, limit: Quantity): boolean {
  return Quantity.of(bytes).compare(limit) > 0;
}
