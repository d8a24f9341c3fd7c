/** What `kubectl get pods` says of a pod's containers: how many are ready, why it is as it is, and its restarts. */
import type { Container, ContainerStateTerminated, ContainerStatus, Pod } from "../../generated/core-v1.ts";
import { isSidecar } from "./container-aggregation.ts";
import { isPodFinished, isPodReady } from "./pod-state.ts";

export interface PodSummary {
  readonly ready: number;
  readonly total: number;
  readonly reason: string;
  readonly restarts: number;
  /** RFC 3339 time of the last termination that led to a restart; empty for none. */
  readonly lastRestart: string;
}

interface Progress {
  ready: number;
  restarts: number;
  lastRestart: string;
  reason: string;
}

export function summarizePod(pod: Pod): PodSummary {
  const { spec, status, metadata } = pod;
  const initContainers = spec?.initContainers ?? [];
  const gated = status?.conditions?.some(({ type, reason }) => type === "PodScheduled" && reason === "SchedulingGated");
  const start = gated ? "SchedulingGated" : status?.reason || (status?.phase ?? "");
  const { progress, sidecars, initializing } = walkInitContainers(pod, start);
  const initialized = status?.conditions?.find(({ type }) => type === "Initialized")?.status === "True";
  if (!initializing || initialized) {
    progress.restarts = sidecars.restarts;
    progress.lastRestart = sidecars.lastRestart;
    walkContainers(pod, progress);
  }
  let { reason } = progress;
  if (metadata?.deletionTimestamp !== undefined) {
    if (status?.reason === "NodeLost") reason = "Unknown";
    else if (!isPodFinished(pod)) reason = "Terminating";
  }
  const total = (spec?.containers ?? []).length + initContainers.filter(isSidecar).length;
  return { ready: progress.ready, total, reason, restarts: progress.restarts, lastRestart: progress.lastRestart };
}

const none = (): Progress => ({ ready: 0, restarts: 0, lastRestart: "", reason: "" });

function countRestarts(into: Progress, { restartCount, lastState }: ContainerStatus): void {
  into.restarts += restartCount ?? 0;
  const finished = lastState?.terminated?.finishedAt ?? "";
  // Times of one format and zone compare as texts.
  if (finished > into.lastRestart) into.lastRestart = finished;
}

function walkInitContainers(pod: Pod, start: string) {
  const containers = pod.spec?.initContainers ?? [];
  const byName = new Map<string, Container>(containers.map((one) => [one.name, one]));
  const progress = { ...none(), reason: start };
  const sidecars = none();
  for (const [index, container] of (pod.status?.initContainerStatuses ?? []).entries()) {
    const definition = byName.get(container.name);
    const sidecar = definition !== undefined && isSidecar(definition);
    countRestarts(progress, container);
    if (sidecar) countRestarts(sidecars, container);
    if (container.state?.terminated?.exitCode === 0) continue;
    if (sidecar && container.started) {
      if (container.ready) progress.ready++;
      continue;
    }
    progress.reason = initReason(container, `Init:${index}/${containers.length}`);
    return { progress, sidecars, initializing: true };
  }
  return { progress, sidecars, initializing: false };
}

function initReason({ state }: ContainerStatus, waitingForTurn: string): string {
  if (state?.terminated !== undefined) return `Init:${terminationReason(state.terminated)}`;
  const reason = state?.waiting?.reason;
  return reason && reason !== "PodInitializing" ? `Init:${reason}` : waitingForTurn;
}

function terminationReason({ reason, signal, exitCode }: ContainerStateTerminated): string {
  return reason || (signal ? `Signal:${signal}` : `ExitCode:${exitCode}`);
}

/** From the last container to the first, so that the first one's reason is shown. */
function walkContainers(pod: Pod, progress: Progress): void {
  const { status } = pod;
  let running = false;
  let errorReason = "";
  for (const container of [...(status?.containerStatuses ?? [])].reverse()) {
    countRestarts(progress, container);
    const { waiting, terminated, running: runs } = container.state ?? {};
    if (waiting?.reason) {
      progress.reason = waiting.reason;
    } else if (terminated !== undefined) {
      progress.reason = terminationReason(terminated);
      if (terminated.exitCode !== 0) errorReason = progress.reason;
    } else if (container.ready && runs !== undefined) {
      running = true;
      progress.ready++;
    }
  }
  if (progress.reason !== "Completed") return;
  if (running && isPodReady(pod)) progress.reason = "Running";
  else if (errorReason !== "") progress.reason = errorReason;
  else if (running) progress.reason = "NotReady";
}
