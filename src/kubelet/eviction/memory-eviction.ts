/** Chooses the pod to end while the node has less than 100 MiB of memory left, before the kernel picks one itself. */
import type { Pod } from "../../kinds/generated/core-v1.ts";
import type { RuntimeService } from "../cri/runtime-service.ts";
import { readMemory } from "../node/machine.ts";
import { memoryReserve } from "../node/node-status.ts";
import { labelKeys, podUid } from "../pods/labels.ts";
import { rankForMemory } from "./ranking.ts";

/** The pod of these to evict, and why; undefined: none. Throws RuntimeError. */
export async function findMemoryVictim(
  runtime: Pick<RuntimeService, "listContainerStats">,
  pods: readonly Pod[],
): Promise<{ readonly pod: Pod; readonly message: string } | undefined> {
  const { available } = await readMemory();
  if (available >= memoryReserve) return undefined;
  const used = await readMemoryUsage(runtime);
  const [victim] = rankForMemory(pods.map((pod) => ({ pod, memory: used.get(podUid(pod)) ?? 0 })));
  if (victim === undefined) return undefined;
  const message = `The node was low on resource: memory. Threshold quantity: ${memoryReserve / 2 ** 20}Mi, available: ${Math.floor(available / 1024)}Ki. `;
  return { pod: victim.pod, message };
}

/** Bytes by the pod's uid. */
async function readMemoryUsage(runtime: Pick<RuntimeService, "listContainerStats">): Promise<Map<string, number>> {
  const used = new Map<string, number>();
  for (const { attributes, memory } of await runtime.listContainerStats()) {
    const uid = attributes?.labels?.[labelKeys.podUid] ?? "";
    used.set(uid, (used.get(uid) ?? 0) + (memory?.workingSetBytes?.value ?? 0));
  }
  return used;
}
