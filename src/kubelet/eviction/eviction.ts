/**
 * Ends pods that take more of the node than they may, every 10 s: first each pod over a limit of local storage; when
 * there was none, one pod while the node is short of memory. Fed by the pods' workers, the runtime's figures and the
 * node's disk; feeds the workers, which end the pod as Failed with reason Evicted.
 */
import type { Pod } from "../../kinds/generated/core-v1.ts";
import type { Clock } from "../../lib/clock.ts";
import { errorChain, type Logger } from "../../lib/log.ts";
import type { RuntimeService } from "../cri/runtime-service.ts";
import { podUid } from "../pods/labels.ts";
import type { PodManager } from "../pods/pod-manager.ts";
import type { PodWorker, Verdict } from "../pods/pod-worker.ts";
import type { KubeletSettings } from "../settings.ts";
import { findExcessiveStorage } from "./local-storage-eviction.ts";
import { findMemoryVictim } from "./memory-eviction.ts";

const checkMs = 10_000;
const graceSeconds = 1;

export interface EvictionInput {
  readonly runtime: Pick<RuntimeService, "listContainerStats">;
  readonly manager: Pick<PodManager, "get" | "workers">;
  readonly settings: Pick<KubeletSettings, "root" | "podLogs">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  event(pod: Pod, type: "Warning", reason: string, message: string): void;
}

/** Runs until the signal aborts. */
export async function evictPods(input: EvictionInput): Promise<void> {
  const { clock, log, signal } = input;
  for (;;) {
    await clock.sleep(checkMs, signal).catch(() => undefined);
    if (signal.aborted) return;
    try {
      await check(input);
    } catch (error) {
      log.warn("cannot look for pods to evict", { error: errorChain(error) });
    }
  }
}

async function check(input: EvictionInput): Promise<void> {
  const active = (): PodWorker[] => [...input.manager.workers()].filter(({ state }) => state === "syncing");
  let evicted = false;
  for await (const { pod, message } of findExcessiveStorage(input, active())) {
    evict(input, pod, { message });
    evicted = true;
  }
  if (evicted) return;
  const victim = await findMemoryVictim(
    input.runtime,
    active().map(({ pod }) => pod),
  );
  if (victim !== undefined) evict(input, victim.pod, { message: victim.message, disruption: true });
}

/** Whoever ends already is left alone. */
function evict({ manager, event }: EvictionInput, pod: Pod, why: Omit<Verdict, "reason">): void {
  const worker = manager.get(podUid(pod));
  if (worker?.state !== "syncing") return;
  event(pod, "Warning", "Evicted", why.message);
  worker.terminate(graceSeconds, { reason: "Evicted", ...why });
}
