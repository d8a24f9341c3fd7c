/**
 * What a sync has to do to bring a pod's containers to its spec: pure, from the spec, what the runtime knows and the
 * results of probes. Follows upstream's computePodActions.
 */
import { isSidecar } from "../../kinds/core/pod/container-aggregation.ts";
import type { Container, Pod } from "../../kinds/generated/core-v1.ts";
import { resourceChanges } from "../resources/cgroup-values.ts";
import { containerHash } from "./labels.ts";
import { restartsOnFailure, shouldStart } from "./restart-policy.ts";
import { findContainer, type RuntimeContainer, type RuntimePod } from "./runtime-status.ts";

export type ProbeOutcome = "success" | "failure" | "unknown";

/** The latest results of a container's probes, by its id; undefined: none yet. */
export interface ProbeResults {
  liveness(containerId: string): ProbeOutcome | undefined;
  startup(containerId: string): ProbeOutcome | undefined;
}

export type KillReason = "" | "LivenessProbe" | "StartupProbe" | "Unknown";

export interface ContainerToKill {
  readonly status: RuntimeContainer;
  readonly container: Container;
  readonly message: string;
  readonly reason: KillReason;
}

export interface PodActions {
  killPod: boolean;
  createSandbox: boolean;
  /** Of the newest sandbox; empty when there is none. */
  readonly sandboxId: string;
  readonly attempt: number;
  ephemeralContainers: number[];
  initContainers: number[];
  containers: number[];
  readonly kill: Map<string, ContainerToKill>;
  /** Running containers whose limits change in place. */
  readonly resize: ContainerToResize[];
}

export interface ContainerToResize {
  readonly id: string;
  readonly container: Container;
}

/** Whether the pod needs a new sandbox, the attempt number of it, and the id of the one to use otherwise. */
export function sandboxChange(pod: Pod, runtimePod: RuntimePod): { changed: boolean; attempt: number; id: string } {
  const newest = runtimePod.sandboxes[0];
  if (newest === undefined) return { changed: true, attempt: 0, id: "" };
  const next = { changed: true, attempt: newest.attempt + 1, id: newest.id };
  if (runtimePod.sandboxes.filter(({ ready }) => ready).length > 1) return next;
  if (!newest.ready) return next;
  const hostNetwork = pod.spec?.hostNetwork === true;
  if (newest.hostNetwork !== hostNetwork) return { ...next, id: "" };
  if (!hostNetwork && newest.ips.length === 0) return next;
  return { changed: false, attempt: newest.attempt, id: newest.id };
}

/** Whether a regular container was ever created, which means that the init containers had finished. */
export function hasAnyRegularContainer(pod: Pod, runtimePod: RuntimePod): boolean {
  return (pod.spec?.containers ?? []).some(({ name }) => findContainer(runtimePod, name) !== undefined);
}

export function computePodActions(pod: Pod, runtimePod: RuntimePod, probes: ProbeResults): PodActions {
  const { changed, attempt, id } = sandboxChange(pod, runtimePod);
  const actions: PodActions = {
    killPod: changed,
    createSandbox: changed,
    sandboxId: id,
    attempt,
    ephemeralContainers: [],
    initContainers: [],
    containers: [],
    kill: new Map(),
    resize: [],
  };
  if (changed) return planNewSandbox(pod, runtimePod, actions);
  (pod.spec?.ephemeralContainers ?? []).forEach(({ name }, index) => {
    if (findContainer(runtimePod, name) === undefined) actions.ephemeralContainers.push(index);
  });
  const initialized = planInitContainers(pod, runtimePod, probes, actions);
  if (actions.killPod || !initialized) return actions;
  const kept = planRegularContainers(pod, runtimePod, probes, actions);
  if (kept === 0 && actions.containers.length === 0) {
    actions.killPod = true;
    actions.initContainers = [];
  }
  return actions;
}

function planNewSandbox(pod: Pod, runtimePod: RuntimePod, actions: PodActions): PodActions {
  if (!restartsOnFailure(pod) && actions.attempt !== 0 && runtimePod.containers.length > 0) {
    actions.createSandbox = false;
    return actions;
  }
  const succeeded = (container: Container): boolean => {
    const status = findContainer(runtimePod, container.name);
    return status?.state === "exited" && status.exitCode === 0;
  };
  const start: number[] = [];
  (pod.spec?.containers ?? []).forEach((container, index) => {
    const policy = container.restartPolicy ?? pod.spec?.restartPolicy;
    if (policy !== "OnFailure" || !succeeded(container)) start.push(index);
  });
  if (start.length === 0 && hasAnyRegularContainer(pod, runtimePod)) {
    actions.createSandbox = false;
    return actions;
  }
  if ((pod.spec?.initContainers ?? []).length > 0) actions.initContainers = [0];
  else actions.containers = start;
  return actions;
}

/** Walks the init containers from the last to the first; says whether all have done their part. */
function planInitContainers(pod: Pod, runtimePod: RuntimePod, probes: ProbeResults, actions: PodActions): boolean {
  const containers = pod.spec?.initContainers ?? [];
  if (containers.length === 0) return true;
  let initialized = (pod.spec?.containers ?? []).some(({ name }) => {
    const state = findContainer(runtimePod, name)?.state;
    return state === "created" || state === "running";
  });
  let previously = initialized;
  const start: number[] = [];
  for (let index = containers.length - 1; index >= 0; index--) {
    const container = containers[index] as Container;
    const sidecar = isSidecar(container);
    const status = findContainer(runtimePod, container.name);
    if (status === undefined) {
      if (previously && sidecar) start.push(index);
      continue;
    }
    if (previously && !sidecar) continue;
    const last = index === containers.length - 1;
    const done = (): void => {
      if (last) initialized = true;
      else if (!previously || !sidecar) start.push(index + 1);
    };
    if (status.state === "created") start.push(index);
    else if (status.state === "running") {
      if (sidecar) planRunningSidecar({ container, index, status, probes, actions, start, done });
    } else if (status.state === "exited") {
      if (sidecar) start.push(index);
      else if (status.exitCode === 0) done();
      else if (shouldStart(container, pod, runtimePod)) start.push(index);
      else return abandon(actions);
    } else {
      if (!sidecar && !restartsOnFailure(pod)) return abandon(actions);
      killUnknown(actions, container, status, `Init container is in "unknown" state, try killing it before restart`);
      start.push(index);
    }
    previously = true;
  }
  if (!previously) start.push(0);
  actions.initContainers = start.reverse();
  return initialized;
}

function abandon(actions: PodActions): false {
  actions.killPod = true;
  actions.initContainers = [];
  return false;
}

interface RunningSidecar {
  container: Container;
  index: number;
  status: RuntimeContainer;
  probes: ProbeResults;
  actions: PodActions;
  start: number[];
  done(): void;
}

function planRunningSidecar({ container, index, status, probes, actions, start, done }: RunningSidecar): void {
  const kill = (message: string, reason: KillReason): void => {
    actions.kill.set(status.id, { status, container, message: `Init container ${container.name} ${message}`, reason });
    start.push(index);
  };
  if (container.startupProbe !== undefined) {
    const startup = probes.startup(status.id);
    if (startup === "failure") kill("failed startup probe", "StartupProbe");
    if (startup !== "success") return;
  }
  done();
  if (status.hash !== containerHash(container)) kill("definition changed", "");
  else if (container.livenessProbe !== undefined && probes.liveness(status.id) === "failure") {
    kill("failed liveness probe", "LivenessProbe");
  }
}

/** Returns how many running containers stay as they are. */
function planRegularContainers(pod: Pod, runtimePod: RuntimePod, probes: ProbeResults, actions: PodActions): number {
  let kept = 0;
  (pod.spec?.containers ?? []).forEach((container, index) => {
    const status = findContainer(runtimePod, container.name);
    if (status === undefined || status.state !== "running") {
      if (!shouldStart(container, pod, runtimePod)) return;
      actions.containers.push(index);
      if (status?.state === "unknown") {
        killUnknown(actions, container, status, `Container is in "unknown" state, try killing it before restart`);
      }
      return;
    }
    const fault = findFault(pod, container, status, probes);
    if (fault === undefined) {
      kept++;
      if (resourceChanges(pod, container, status).length > 0) actions.resize.push({ id: status.id, container });
      return;
    }
    const policy = container.restartPolicy ?? pod.spec?.restartPolicy;
    const restart = fault.always || policy !== "Never";
    if (restart) actions.containers.push(index);
    const message = restart ? `${fault.message}, will be restarted` : fault.message;
    actions.kill.set(status.id, { status, container, message, reason: fault.reason });
  });
  return kept;
}

/** Whether a running container has other resources than the pod asks for now. */
export function needsResize(pod: Pod, runtimePod: RuntimePod): boolean {
  return (pod.spec?.containers ?? []).some((container) => {
    const status = findContainer(runtimePod, container.name);
    return status?.state === "running" && resourceChanges(pod, container, status).length > 0;
  });
}

function findFault(
  pod: Pod,
  container: Container,
  status: RuntimeContainer,
  probes: ProbeResults,
): { message: string; reason: KillReason; always: boolean } | undefined {
  const { name } = container;
  if (status.hash !== containerHash(container)) {
    return { message: `Container ${name} definition changed`, reason: "", always: true };
  }
  if (probes.liveness(status.id) === "failure") {
    return { message: `Container ${name} failed liveness probe`, reason: "LivenessProbe", always: false };
  }
  if (probes.startup(status.id) === "failure") {
    return { message: `Container ${name} failed startup probe`, reason: "StartupProbe", always: false };
  }
  const policies = new Map((container.resizePolicy ?? []).map((policy) => [policy.resourceName, policy.restartPolicy]));
  if (resourceChanges(pod, container, status).some((resource) => policies.get(resource) === "RestartContainer")) {
    return { message: `Container ${name} resize requires restart`, reason: "", always: true };
  }
  return undefined;
}

function killUnknown(actions: PodActions, container: Container, status: RuntimeContainer, message: string): void {
  actions.kill.set(status.id, { status, container, message, reason: "Unknown" });
}
