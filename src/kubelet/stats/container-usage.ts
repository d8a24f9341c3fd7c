/** What running containers use, as the runtime counts it. */
import type { ContainerStats } from "../cri/generated/messages.ts";
import type { RuntimeService } from "../cri/runtime-service.ts";
import { labelKeys } from "../pods/labels.ts";
import type { FileUsage } from "./disk-usage.ts";
import { layerUsage } from "./local-storage-usage.ts";
import type { MemoryUsage } from "./node-usage.ts";

export interface ContainerUsage {
  readonly id: string;
  readonly name: string;
  readonly pod: { readonly name: string; readonly namespace: string; readonly uid: string };
  /** Milliseconds since the epoch. */
  readonly started: number;
  /** When it was counted, in milliseconds since the epoch. */
  readonly at: number;
  /** Since the start. */
  readonly cpuNanoseconds: number;
  /** Now, where the runtime says so. */
  readonly nanoCores: number | undefined;
  readonly memory: MemoryUsage;
  readonly writableLayer: FileUsage;
}

/** Containers without a process have no figures and are left out. Throws RuntimeError. */
export async function readContainerUsage(
  runtime: Pick<RuntimeService, "listContainerStats" | "listContainers">,
  now: number,
): Promise<ContainerUsage[]> {
  const running = { state: { state: "CONTAINER_RUNNING" } } as const;
  const [stats, containers] = await Promise.all([runtime.listContainerStats(), runtime.listContainers(running)]);
  const createdAt = new Map(containers.map((one) => [one.id, one.createdAt ?? 0]));
  return stats.flatMap((one) => {
    const created = createdAt.get(one.attributes?.id);
    return created === undefined || one.cpu?.usageCoreNanoSeconds === undefined ? [] : [usageOf(one, created, now)];
  });
}

/** CRI counts time in nanoseconds. */
function usageOf({ attributes, cpu, memory, writableLayer }: ContainerStats, created: number, now: number) {
  const labels = attributes?.labels ?? {};
  const workingSet = memory?.workingSetBytes?.value ?? 0;
  return {
    id: attributes?.id ?? "",
    name: labels[labelKeys.containerName] ?? "",
    pod: {
      name: labels[labelKeys.podName] ?? "",
      namespace: labels[labelKeys.podNamespace] ?? "",
      uid: labels[labelKeys.podUid] ?? "",
    },
    started: created / 1e6,
    at: cpu?.timestamp ? cpu.timestamp / 1e6 : now,
    cpuNanoseconds: cpu?.usageCoreNanoSeconds?.value ?? 0,
    nanoCores: cpu?.usageNanoCores?.value,
    memory: {
      usage: memory?.usageBytes?.value ?? workingSet,
      workingSet,
      rss: memory?.rssBytes?.value ?? 0,
      pageFaults: memory?.pageFaults?.value ?? 0,
      majorPageFaults: memory?.majorPageFaults?.value ?? 0,
    },
    writableLayer: layerUsage(writableLayer),
  };
}
