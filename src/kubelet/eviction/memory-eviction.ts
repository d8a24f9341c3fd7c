/** Ends one pod at a time while the node has less than 100 MiB of memory left, before the kernel picks one itself. */
import type { Pod } from "../../kinds/generated/core-v1.ts";
import type { Clock } from "../../lib/clock.ts";
import { errorChain, type Logger } from "../../lib/log.ts";
import type { RuntimeService } from "../cri/runtime-service.ts";
import { readMemory } from "../node/machine.ts";
import { memoryReserve } from "../node/node-status.ts";
import { labelKeys, podUid } from "../pods/labels.ts";
import type { PodManager } from "../pods/pod-manager.ts";
import { type Candidate, rankForMemory } from "./ranking.ts";

const checkMs = 10_000;
/** Hard eviction leaves no grace beyond what stopping takes. */
const graceSeconds = 0;

export interface MemoryEvictionInput {
  readonly runtime: RuntimeService;
  readonly manager: PodManager;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  event(pod: Pod, type: "Warning", reason: string, message: string): void;
}

/** Runs until the signal aborts. */
export async function evictOnLowMemory(input: MemoryEvictionInput): Promise<void> {
  const { manager, clock, log, signal } = input;
  for (;;) {
    await clock.sleep(checkMs, signal).catch(() => undefined);
    if (signal.aborted) return;
    try {
      const { available } = await readMemory();
      if (available >= memoryReserve) continue;
      const [victim] = rankForMemory(await readCandidates(input));
      if (victim === undefined) continue;
      const message = `The node was low on resource: memory. Threshold quantity: ${memoryReserve / 2 ** 20}Mi, available: ${Math.floor(available / 1024)}Ki. `;
      input.event(victim.pod, "Warning", "Evicted", message);
      manager.get(podUid(victim.pod))?.terminate(graceSeconds, { reason: "Evicted", message });
    } catch (error) {
      log.warn("cannot look for memory pressure", { error: errorChain(error) });
    }
  }
}

async function readCandidates({ runtime, manager }: MemoryEvictionInput): Promise<Candidate[]> {
  const used = new Map<string, number>();
  for (const { attributes, memory } of await runtime.listContainerStats()) {
    const uid = attributes?.labels?.[labelKeys.podUid] ?? "";
    used.set(uid, (used.get(uid) ?? 0) + (memory?.workingSetBytes?.value ?? 0));
  }
  return [...manager.workers()]
    .filter(({ state }) => state === "syncing")
    .map(({ pod }) => ({ pod, memory: used.get(podUid(pod)) ?? 0 }));
}
