/** Takes dead containers, sandboxes and logs away: all of a pod that is gone, the older ones of a pod that lives. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { RuntimeError } from "../cri/connection.ts";
import type { RuntimeService } from "../cri/runtime-service.ts";
import { labelKeys } from "./labels.ts";
import type { RuntimePod } from "./runtime-status.ts";

/** Dead containers kept for each container of the spec, for `kubectl logs --previous`. */
const keptDead = 1;

async function ignoreNotFound(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof RuntimeError && error.notFound)) throw error;
  }
}

/** Removes what the runtime has of the pod, running or not, and its logs. */
export async function removePod(runtime: RuntimeService, uid: string, podLogs: string): Promise<void> {
  const labelSelector = { [labelKeys.podUid]: uid };
  const [sandboxes, containers] = await Promise.all([
    runtime.listPodSandboxes({ labelSelector }),
    runtime.listContainers({ labelSelector }),
  ]);
  await Promise.all(containers.map(({ id = "" }) => ignoreNotFound(runtime.removeContainer(id))));
  for (const { id = "", metadata } of sandboxes) {
    await ignoreNotFound(runtime.stopPodSandbox(id));
    await ignoreNotFound(runtime.removePodSandbox(id));
    const directory = `${metadata?.namespace ?? ""}_${metadata?.name ?? ""}_${uid}`;
    await rm(join(podLogs, directory), { recursive: true, force: true });
  }
}

/** Removes older dead containers and sandboxes that nothing of the pod uses any more. */
export async function pruneDead(runtime: RuntimeService, pod: RuntimePod, podLogs: string): Promise<void> {
  const dead = new Map<string, number>();
  const removed = new Set<string>();
  for (const container of pod.containers) {
    if (container.state !== "exited") continue;
    const kept = dead.get(container.name) ?? 0;
    dead.set(container.name, kept + 1);
    if (kept < keptDead) continue;
    await ignoreNotFound(runtime.removeContainer(container.id));
    removed.add(container.id);
    if (container.logPath.startsWith(`${podLogs}/`)) await rm(container.logPath, { force: true });
  }
  const used = new Set(pod.containers.filter(({ id }) => !removed.has(id)).map(({ sandboxId }) => sandboxId));
  for (const sandbox of pod.sandboxes.slice(1)) {
    if (!sandbox.ready && !used.has(sandbox.id)) await ignoreNotFound(runtime.removePodSandbox(sandbox.id));
  }
}
