/** The phase of a pod from the statuses of its containers, as upstream's getPhase. */
import { isSidecar } from "../../kinds/core/pod/container-aggregation.ts";
import type { Container, ContainerStatus, Pod } from "../../kinds/generated/core-v1.ts";
import { isStaticPod } from "./labels.ts";
import { restartsAfterExit } from "./restart-policy.ts";

export type PodPhase = "Pending" | "Running" | "Succeeded" | "Failed";

export interface PhaseInput {
  readonly pod: Pod;
  /** Of init and regular containers. */
  readonly statuses: readonly ContainerStatus[];
  /** The pod is being killed for good. */
  readonly terminal: boolean;
  /** A regular container is running or was created. */
  readonly initialized: boolean;
}

export function computePhase({ pod, statuses, terminal, initialized }: PhaseInput): PodPhase {
  const byName = new Map(statuses.map((status) => [status.name, status]));
  const init = countInit(pod, byName);
  const count = countRunning(pod, byName);
  if (init.failedForGood) return "Failed";
  if (init.pending || (count.pendingSidecars && !initialized)) return "Pending";
  if (count.waiting > 0) return "Pending";
  if (count.running > 0 && count.unknown === 0) return "Running";
  if (count.running > 0 || count.stopped === 0 || count.unknown > 0) return "Pending";
  const result = count.stopped === count.succeeded ? "Succeeded" : "Failed";
  if (terminal && !isStaticPod(pod)) return result;
  return count.stopped !== count.stoppedForGood ? "Running" : result;
}

/** The exit that counts: the present one, or while waiting, the one before. */
function lastExit(status: ContainerStatus): number | undefined {
  const { terminated, waiting } = status.state ?? {};
  if (terminated !== undefined) return terminated.exitCode;
  return waiting === undefined ? undefined : status.lastState?.terminated?.exitCode;
}

function countInit(pod: Pod, statuses: Map<string, ContainerStatus>): { pending: boolean; failedForGood: boolean } {
  let pending = false;
  let failedForGood = false;
  for (const container of pod.spec?.initContainers ?? []) {
    if (isSidecar(container)) continue;
    const status = statuses.get(container.name);
    const exitCode = status === undefined ? undefined : lastExit(status);
    if (exitCode === undefined) pending = true;
    else if (exitCode !== 0 && !restartsAfterExit(container, pod, exitCode)) failedForGood = true;
  }
  return { pending, failedForGood };
}

interface Counts {
  pendingSidecars: boolean;
  running: number;
  waiting: number;
  stopped: number;
  stoppedForGood: number;
  succeeded: number;
  unknown: number;
}

function countRunning(pod: Pod, statuses: Map<string, ContainerStatus>): Counts {
  const counts: Counts = {
    pendingSidecars: false,
    running: 0,
    waiting: 0,
    stopped: 0,
    stoppedForGood: 0,
    succeeded: 0,
    unknown: 0,
  };
  for (const container of pod.spec?.initContainers ?? []) {
    if (isSidecar(container)) countSidecar(statuses.get(container.name), counts);
  }
  for (const container of pod.spec?.containers ?? []) {
    countContainer(container, pod, statuses.get(container.name), counts);
  }
  return counts;
}

function countSidecar(status: ContainerStatus | undefined, counts: Counts): void {
  const { running, terminated, waiting } = status?.state ?? {};
  if (status === undefined) counts.unknown++;
  else if (running !== undefined) {
    counts.running++;
    if (status.started !== true) counts.pendingSidecars = true;
  } else if (terminated === undefined) {
    if (waiting === undefined) counts.unknown++;
    else if (status.lastState?.terminated !== undefined) return;
    else counts.waiting++;
    counts.pendingSidecars = true;
  }
}

function countContainer(container: Container, pod: Pod, status: ContainerStatus | undefined, counts: Counts): void {
  const { running, terminated, waiting } = status?.state ?? {};
  if (status === undefined) counts.unknown++;
  else if (running !== undefined) counts.running++;
  else if (terminated === undefined && waiting === undefined) counts.unknown++;
  else {
    const exitCode = lastExit(status);
    if (exitCode === undefined) {
      counts.waiting++;
      return;
    }
    counts.stopped++;
    if (!restartsAfterExit(container, pod, exitCode)) counts.stoppedForGood++;
    if (terminated !== undefined && exitCode === 0) counts.succeeded++;
  }
}
