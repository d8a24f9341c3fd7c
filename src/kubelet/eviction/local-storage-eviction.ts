/** Finds the pods that exceed their limits of local storage. Costs nothing for pods that have none. */
import type { Pod } from "../../kinds/generated/core-v1.ts";
import { errorChain, type Logger } from "../../lib/log.ts";
import type { RuntimeService } from "../cri/runtime-service.ts";
import { labelKeys, podUid } from "../pods/labels.ts";
import type { PodWorker } from "../pods/pod-worker.ts";
import type { KubeletSettings } from "../settings.ts";
import { noFiles } from "../stats/disk-usage.ts";
import {
  isOnDisk,
  type LocalStorageUsage,
  layersOf,
  readContainerStorage,
  readVolumeUsage,
} from "../stats/local-storage-usage.ts";
import { isCriticalPod } from "./critical-pod.ts";
import { type ExceededLimit, exceededLimit, hasSizeLimit, hasStorageLimit } from "./local-storage-limits.ts";

export interface LocalStorageEvictionInput {
  readonly runtime: Pick<RuntimeService, "listContainerStats">;
  readonly settings: Pick<KubeletSettings, "root" | "podLogs">;
  readonly log: Logger;
}

/** The pods to evict, and why. One whose usage cannot be read is logged and left alone. */
export async function* findExcessiveStorage(
  input: LocalStorageEvictionInput,
  workers: Iterable<Pick<PodWorker, "pod" | "runtimePod">>,
): AsyncGenerator<ExceededLimit & { readonly pod: Pod }> {
  for (const worker of workers) {
    const { pod } = worker;
    if (!isLimited(pod) || isCriticalPod(pod)) continue;
    try {
      const exceeded = exceededLimit(pod, await readUsage(input, worker));
      if (exceeded !== undefined) yield { pod, ...exceeded };
    } catch (error) {
      input.log.warn("cannot read what a pod has on disk", { pod: pod.metadata?.name, error: errorChain(error) });
    }
  }
}

function isLimited(pod: Pod): boolean {
  return hasStorageLimit(pod) || (pod.spec?.volumes ?? []).some(hasSizeLimit);
}

/** Upstream has no figures of a pod without a running container either. */
async function readUsage(
  { runtime, settings }: LocalStorageEvictionInput,
  { pod, runtimePod }: Pick<PodWorker, "pod" | "runtimePod">,
): Promise<LocalStorageUsage> {
  const running = runtimePod.containers.filter(({ state }) => state === "running");
  if (running.length === 0) return { containers: new Map(), volumes: new Map(), shared: noFiles };
  if (!hasStorageLimit(pod)) {
    return { containers: new Map(), volumes: await readVolumeUsage(settings, pod, hasSizeLimit), shared: noFiles };
  }
  const volumes = await readVolumeUsage(settings, pod, (volume) => isOnDisk(volume) || hasSizeLimit(volume));
  const stats = await runtime.listContainerStats({ labelSelector: { [labelKeys.podUid]: podUid(pod) } });
  return { ...(await readContainerStorage({ settings, pod, running, layers: layersOf(stats) })), volumes };
}
