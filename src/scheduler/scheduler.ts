/**
 * The scheduler: gives every pod without a node one. Fed by informers of pods, nodes and volumes through a cache and a
 * queue; feeds pods/binding, pod conditions and Events. One pod at a time passes a synchronous cycle against the
 * cache, is assumed there, and is bound to its node in the background. Behaviour, wording and defaults are upstream's
 * default profile (pkg/scheduler).
 */

import type { Pod } from "../kinds/generated/core-v1.ts";
import { systemClock } from "../lib/clock.ts";
import type { Component } from "../lib/component.ts";
import { createLogger } from "../lib/log.ts";
import { isNotFound } from "../machinery/errors/status-error.ts";
import type { PodInfo } from "./cache/pod-info.ts";
import { SchedulerCache } from "./cache/scheduler-cache.ts";
import { subscribeToCluster } from "./cluster-events.ts";
import { SchedulingCycle } from "./framework/cycle.ts";
import { type Diagnosis, fitMessage } from "./framework/fit-error.ts";
import { createDefaultPlugins } from "./framework/registry.ts";
import { bind, clearNominatedNode, deleteVictim, patchStatus } from "./pod-writes.ts";
import { Nominator } from "./preemption/nominator.ts";
import { findVictims, type Victims } from "./preemption/preemption.ts";
import { createSchedulingQueue, type QueuedPod } from "./queue/scheduling-queue.ts";
import { type SchedulerOptions, type SchedulerState, schedulerName } from "./state.ts";

/** Cycles run for so long before the event loop gets its turn. */
const turnMs = 4;
const log = createLogger("scheduler");

export function createScheduler(options: SchedulerOptions): Component {
  return {
    name: "scheduler",
    async start(signal) {
      const { promise: done, resolve: stop } = Promise.withResolvers<void>();
      signal.addEventListener("abort", () => stop(), { once: true });
      await startScheduler(options, signal);
      return { done };
    },
  };
}

async function startScheduler(options: SchedulerOptions, signal: AbortSignal): Promise<void> {
  const { clock = systemClock, client, informers } = options;
  const cache = new SchedulerCache();
  const plugins = createDefaultPlugins({ client, informers, cache, clock });
  const events = new Map(plugins.map((plugin) => [plugin.name, new Set(plugin.events)]));
  const nominator = new Nominator();
  let running = false;
  let synced = false;
  const queue = createSchedulingQueue({
    clock,
    gate: (info) => plugins.some((plugin) => plugin.preEnqueue?.(info) !== undefined),
    concerns: (plugin, event) => events.get(plugin)?.has(event) ?? true,
    onActive: () => run(),
  });
  const cycle = new SchedulingCycle(cache, plugins, (node, pod) => nominator.ahead(node, pod));
  const state: SchedulerState = { ...options, clock, cache, queue, nominator, plugins, cycle, signal };
  function run(): void {
    if (running || !synced) return;
    running = true;
    setImmediate(() => {
      running = false;
      if (!signal.aborted && runTurn(state)) run();
    });
  }
  await subscribeToCluster(state);
  synced = true;
  run();
}

/** Schedules until the turn is over; answers whether pods are left. */
function runTurn(state: SchedulerState): boolean {
  const endsAt = performance.now() + turnMs;
  for (;;) {
    const queued = state.queue.pop();
    if (queued === undefined) return false;
    try {
      scheduleOne(state, queued);
    } catch (error) {
      log.error("scheduling cycle failed", { pod: queued.info.key, error });
      state.queue.failed(queued, new Set());
    }
    if (performance.now() >= endsAt) return true;
  }
}

function scheduleOne(state: SchedulerState, queued: QueuedPod): void {
  const { info } = queued;
  if (info.pod.metadata?.deletionTimestamp !== undefined || state.cache.has(info.uid)) {
    state.queue.done(queued);
    return;
  }
  const result = state.cycle.run(info);
  if ("node" in result) {
    state.cache.place(info, result.node.name);
    state.nominator.remove(info.uid);
    void bindInBackground(state, queued, result.node.name);
  } else {
    rejected(state, queued, result.diagnosis);
  }
}

async function bindInBackground(state: SchedulerState, queued: QueuedPod, nodeName: string): Promise<void> {
  const { info } = queued;
  try {
    for (const plugin of state.plugins) await plugin.preBind?.(info, nodeName, state.signal);
    await bind(state.client, info, nodeName);
    state.queue.done(queued);
    state.recorder.event(info.pod, "Normal", "Scheduled", `Successfully assigned ${info.key} to ${nodeName}`);
  } catch (error) {
    if (state.signal.aborted) return;
    state.cache.removePod(info.uid);
    if (isNotFound(error)) {
      state.queue.done(queued);
      return;
    }
    log.warn("binding failed", { pod: info.key, node: nodeName, error });
    if (info.pod.status?.nominatedNodeName) state.nominator.nominate(info, info.pod.status.nominatedNodeName);
    state.queue.failed(queued, new Set());
    state.queue.move("assigned-pod-deleted");
    const message = `binding rejected: ${error instanceof Error ? error.message : String(error)}`;
    report(state, info.pod, { reason: "SchedulerError", message });
  }
}

function rejected(state: SchedulerState, queued: QueuedPod, diagnosis: Diagnosis): void {
  const { info } = queued;
  let message = fitMessage(diagnosis);
  let nominatedNodeName: string | undefined;
  if (diagnosis.nodeCount > 0) {
    const preemption = findVictims(info, diagnosis, state);
    if ("message" in preemption) message += ` ${preemption.message}`;
    else {
      nominatedNodeName = preemption.victims.node.name;
      preempt(state, info, preemption.victims);
    }
  }
  state.queue.failed(queued, diagnosis.nodeCount === 0 ? nodePlugins : diagnosis.plugins);
  report(state, info.pod, { reason: "Unschedulable", message, ...(nominatedNodeName ? { nominatedNodeName } : {}) });
}

/** Without any node, what helps is one being added. */
const nodePlugins: ReadonlySet<string> = new Set(["NodeName"]);

function report(
  { client, recorder, clock }: SchedulerState,
  pod: Pod,
  { reason, message, nominatedNodeName }: { reason: string; message: string; nominatedNodeName?: string },
): void {
  recorder.event(pod, "Warning", "FailedScheduling", message);
  const condition = { type: "PodScheduled", status: "False", reason, message };
  const change = nominatedNodeName === undefined ? { condition } : { condition, nominatedNodeName };
  patchStatus(client, pod, change, clock).catch((error: unknown) =>
    log.warn("pod condition was not written", { pod: pod.metadata?.name, error }),
  );
}

/** Deletes the victims and keeps the room that they leave for the pod, also from those that waited for room there. */
function preempt(state: SchedulerState, info: PodInfo, { node, pods }: Victims): void {
  state.nominator.nominate(info, node.name);
  for (const lower of state.nominator.below(node.name, info.priority)) {
    state.nominator.remove(lower.uid);
    clearNominatedNode(state.client, lower).catch((error: unknown) =>
      log.warn("nomination was not taken back", { pod: lower.key, error }),
    );
  }
  for (const victim of pods) void evict(state, info, victim, node.name);
}

async function evict(state: SchedulerState, info: PodInfo, victim: PodInfo, nodeName: string): Promise<void> {
  const condition = {
    type: "DisruptionTarget",
    status: "True",
    reason: "PreemptionByScheduler",
    message: `${schedulerName}: preempting to accommodate a higher priority pod`,
  };
  try {
    if (victim.pod.metadata?.deletionTimestamp !== undefined) return;
    await patchStatus(state.client, victim.pod, { condition }, state.clock);
    await deleteVictim(state.client, victim);
    state.recorder.event(victim.pod, "Normal", "Preempted", `Preempted by pod ${info.uid} on node ${nodeName}`);
  } catch (error) {
    log.warn("victim was not deleted", { pod: victim.key, error });
  }
}
