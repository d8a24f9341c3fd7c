/**
 * Ends pods that take more of the node than they may, every 10 s: each pod over a limit of local storage; when there was
 * none, one pod while the node is short of memory, disk or processes, after dead containers and unused images did not
 * make room enough. Fed by the node's figures, the pods' workers and the runtime; feeds the workers, which end the pod as
 * Failed with reason Evicted, and the node's pressure.
 */
import type { Node, Pod } from "../../kinds/generated/core-v1.ts";
import type { Clock } from "../../lib/clock.ts";
import { errorChain, type Logger } from "../../lib/log.ts";
import type { RuntimeService } from "../cri/runtime-service.ts";
import { podUid } from "../pods/labels.ts";
import type { PodManager } from "../pods/pod-manager.ts";
import type { PodWorker, Verdict } from "../pods/pod-worker.ts";
import type { Cgroups } from "../resources/cgroups.ts";
import type { KubeletSettings } from "../settings.ts";
import type { Counters } from "../stats/counters.ts";
import { findExcessiveStorage } from "./local-storage-eviction.ts";
import { evictionMessage } from "./message.ts";
import { readPodUsage } from "./pod-usage.ts";
import type { Pressure } from "./pressure.ts";
import { rankForEviction } from "./ranking.ts";
import { conditionOf, metThresholds, type Observations, resourceOf, type Threshold } from "./thresholds.ts";

const checkMs = 10_000;
const graceSeconds = 1;
/** How long the end of an evicted pod is waited for. */
const cleanUpMs = 30_000;
const cleanUpCheckMs = 1000;

export interface EvictionInput {
  readonly runtime: Pick<RuntimeService, "listContainerStats">;
  readonly cgroups: Pick<Cgroups, "directory" | "parentOf">;
  readonly manager: Pick<PodManager, "get" | "workers" | "removeDead">;
  readonly settings: Pick<KubeletSettings, "root" | "podLogs">;
  readonly thresholds: readonly Threshold[];
  readonly pressure: Pick<Pressure, "observe">;
  readonly counters: Pick<Counters, "add">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  observe(): Promise<Observations>;
  /** Makes room on the disk without ending pods. */
  reclaimDisk(): Promise<void>;
  event(about: Pod | Node, type: "Warning", reason: string, message: string): void;
  node(): Node | undefined;
}

/** Runs until the signal aborts. */
export async function evictPods(input: EvictionInput): Promise<void> {
  const { clock, log, signal } = input;
  while (!signal.aborted) {
    try {
      await cleanUp(input, await checkForEviction(input));
    } catch (error) {
      log.warn("cannot look for pods to evict", { error: errorChain(error) });
    }
    await clock.sleep(checkMs, signal).catch(() => undefined);
  }
}

/** One round. Resolves with what it evicts, which may still be running. */
export async function checkForEviction(input: EvictionInput): Promise<readonly PodWorker[]> {
  const { manager, thresholds, pressure, counters } = input;
  const observations = await input.observe();
  const met = metThresholds(thresholds, observations);
  pressure.observe(met.map(conditionOf));
  const active = (): PodWorker[] => [...manager.workers()].filter(({ state }) => state === "syncing");
  const evicted: PodWorker[] = [];
  for await (const { pod, message, signal } of findExcessiveStorage(input, active())) {
    const worker = evict(input, pod, { message });
    if (worker === undefined) continue;
    counters.add("kubelet_evictions", { eviction_signal: signal });
    evicted.push(worker);
  }
  const [threshold] = met;
  if (evicted.length > 0 || threshold === undefined) return evicted;
  return makeRoom(input, threshold, observations, active());
}

/** Ends one pod at most. */
async function makeRoom(
  input: EvictionInput,
  threshold: Threshold,
  observations: Observations,
  workers: readonly PodWorker[],
): Promise<readonly PodWorker[]> {
  const { log, counters, thresholds } = input;
  const resource = resourceOf(threshold);
  const node = input.node();
  if (node !== undefined) input.event(node, "Warning", "EvictionThresholdMet", `Attempting to reclaim ${resource}`);
  if (conditionOf(threshold) === "DiskPressure") {
    await input.reclaimDisk().catch((error) => log.warn("cannot make room on disk", { error: errorChain(error) }));
    if (metThresholds(thresholds, await input.observe()).length === 0) return [];
  }
  const usages = await readPodUsage(input, resource, workers);
  const candidates = workers.map(({ pod }) => ({ pod, usage: usages.get(podUid(pod))?.total }));
  for (const { pod } of rankForEviction(resource, candidates)) {
    const observed = observations.get(threshold.signal) ?? { available: 0, capacity: 0 };
    const message = evictionMessage(pod, { threshold, observed, usage: usages.get(podUid(pod)) });
    const worker = evict(input, pod, { message, disruption: true });
    if (worker === undefined) continue;
    counters.add("kubelet_evictions", { eviction_signal: threshold.signal });
    return [worker];
  }
  log.warn("short of something, and no pod to evict", { resource });
  return [];
}

/** Whoever ends already is left alone. */
function evict({ manager, event }: EvictionInput, pod: Pod, why: Omit<Verdict, "reason">): PodWorker | undefined {
  const worker = manager.get(podUid(pod));
  if (worker?.state !== "syncing") return undefined;
  event(pod, "Warning", "Evicted", why.message);
  worker.terminate(graceSeconds, { reason: "Evicted", ...why });
  return worker;
}

/** What an evicted pod leaves is removed as soon as it has ended: it is evicted for the room that it takes. */
async function cleanUp({ clock, signal, manager }: EvictionInput, evicted: readonly PodWorker[]): Promise<void> {
  const until = clock.now() + cleanUpMs;
  while (evicted.some(({ state }) => state !== "finished") && clock.now() < until && !signal.aborted) {
    await clock.sleep(cleanUpCheckMs, signal).catch(() => undefined);
  }
  await manager.removeDead(evicted);
}
