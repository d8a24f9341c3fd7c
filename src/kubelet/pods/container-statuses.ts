/** status.containerStatuses and its siblings, from the spec, the runtime and the status before. Upstream's rules. */

import { isSidecar } from "../../kinds/core/pod/container-aggregation.ts";
import type {
  Container,
  ContainerState,
  ContainerStatus,
  Pod,
  ResourceRequirements,
  VolumeMountStatus,
} from "../../kinds/generated/core-v1.ts";
import { formatTime } from "../../lib/clock.ts";
import { resourceChanges } from "../resources/cgroup-values.ts";
import { hasAnyRegularContainer } from "./actions.ts";
import { shouldStart } from "./restart-policy.ts";
import { findContainer, type RuntimeContainer, type RuntimePod } from "./runtime-status.ts";

/** Why a container that should run does not: `ErrImagePull`, `CrashLoopBackOff`, … */
export interface WaitingReason {
  readonly reason: string;
  readonly message: string;
}

export interface ContainerStatusInput {
  readonly pod: Pod;
  readonly runtimePod: RuntimePod;
  readonly runtimeName: string;
  readonly containers: readonly Container[];
  readonly previous: readonly ContainerStatus[];
  readonly init: boolean;
  waitingReason(container: string): WaitingReason | undefined;
}

const unknownReason = "ContainerStatusUnknown";

/** Without `ready` and `started`, which probes decide. In the order of the spec for init containers, else by name. */
export function computeContainerStatuses(input: ContainerStatusInput): ContainerStatus[] {
  const previous = new Map(input.previous.map((status) => [status.name, status]));
  const statuses = input.containers.map((container) => {
    const status = containerStatus(container, previous.get(container.name), input);
    return overrideWaiting(container, status, input);
  });
  return input.init ? statuses : statuses.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function containerStatus(
  container: Container,
  old: ContainerStatus | undefined,
  input: ContainerStatusInput,
): ContainerStatus {
  const [current, before] = input.runtimePod.containers.filter(({ name }) => name === container.name);
  if (current === undefined) return absentStatus(container, old, input);
  const status = presentStatus(container, current, old, input);
  if (before !== undefined) status.lastState = presentStatus(container, before, old, input).state;
  else if (old?.containerID !== status.containerID && old?.state?.terminated) {
    status.lastState = { terminated: old.state.terminated };
  } else if (old?.lastState?.terminated) status.lastState = old.lastState;
  return status;
}

function absentStatus(
  container: Container,
  old: ContainerStatus | undefined,
  { pod }: ContainerStatusInput,
): ContainerStatus {
  if (old?.state?.terminated !== undefined) return { ...old };
  const reason = (pod.spec?.initContainers ?? []).length > 0 ? "PodInitializing" : "ContainerCreating";
  const status: ContainerStatus = {
    ...baseStatus(container, old),
    image: container.image ?? "",
    imageID: "",
    restartCount: old?.restartCount ?? 0,
    state: { waiting: { reason } },
    ...(old?.lastState === undefined ? {} : { lastState: old.lastState }),
  };
  if (old?.state?.running !== undefined && old.lastState?.terminated === undefined) {
    status.lastState = {
      terminated: {
        reason: unknownReason,
        message: "The container could not be located when the pod was deleted.  The container used to be Running",
        exitCode: 137,
      },
    };
    if (pod.metadata?.deletionTimestamp === undefined) status.restartCount++;
  }
  return status;
}

function baseStatus(container: Container, old: ContainerStatus | undefined): ContainerStatus {
  const volumeMounts = old?.volumeMounts ?? mountStatuses(container);
  return {
    name: container.name,
    image: "",
    imageID: "",
    ready: false,
    restartCount: 0,
    ...(volumeMounts.length === 0 ? {} : { volumeMounts }),
  };
}

function mountStatuses(container: Container): VolumeMountStatus[] {
  return (container.volumeMounts ?? []).map(({ name, mountPath, readOnly }) => ({
    name,
    mountPath,
    ...(readOnly === true ? { readOnly, recursiveReadOnly: "Disabled" } : {}),
  }));
}

function presentStatus(
  container: Container,
  current: RuntimeContainer,
  old: ContainerStatus | undefined,
  { runtimeName, pod }: ContainerStatusInput,
): ContainerStatus {
  const containerID = `${runtimeName}://${current.id}`;
  const status: ContainerStatus = {
    ...baseStatus(container, old),
    image: current.image,
    imageID: current.imageRef,
    containerID,
    restartCount: current.restartCount,
    state: containerState(current, containerID, old),
    resources: actualResources(container, current, old, pod),
  };
  if (container.resources?.requests !== undefined) status.allocatedResources = container.resources.requests;
  if (current.state === "unknown" && old?.state?.running !== undefined) status.restartCount = old.restartCount + 1;
  if (current.state === "running" && old?.started !== undefined) status.started = old.started;
  const linux = current.user?.linux;
  if (linux !== undefined) {
    status.user = {
      linux: { uid: linux.uid ?? 0, gid: linux.gid ?? 0, supplementalGroups: linux.supplementalGroups ?? [] },
    };
  }
  return status;
}

/** What the container is held to: until a change is enforced, what it was before. */
function actualResources(
  container: Container,
  current: RuntimeContainer,
  old: ContainerStatus | undefined,
  pod: Pod,
): ResourceRequirements {
  const wanted = container.resources ?? {};
  if (current.state !== "running" || resourceChanges(pod, container, current).length === 0) return wanted;
  return old?.resources ?? wanted;
}

function containerState(
  current: RuntimeContainer,
  containerID: string,
  old: ContainerStatus | undefined,
): ContainerState {
  switch (current.state) {
    case "running":
      return { running: { startedAt: formatTime(current.startedAt) } };
    case "exited":
      return {
        terminated: {
          exitCode: current.exitCode,
          ...(current.reason === "" ? {} : { reason: current.reason }),
          ...(current.message === "" ? {} : { message: current.message }),
          startedAt: formatTime(current.startedAt),
          finishedAt: formatTime(current.finishedAt),
          containerID,
        },
      };
    case "unknown":
      if (old?.state?.running === undefined) return { waiting: {} };
      return {
        terminated: {
          reason: unknownReason,
          message: "The container could not be located when the pod was terminated",
          exitCode: 137,
        },
      };
    default:
      return { waiting: {} };
  }
}

/** Puts the reason why a container is not started in place of its state. */
function overrideWaiting(container: Container, status: ContainerStatus, input: ContainerStatusInput): ContainerStatus {
  const { pod, runtimePod } = input;
  const current = findContainer(runtimePod, container.name);
  if (input.init) {
    if (current?.state === "exited" && current.exitCode === 0) return status;
    if (
      current === undefined &&
      !isSidecar(container) &&
      status.state?.waiting !== undefined &&
      hasAnyRegularContainer(pod, runtimePod)
    ) {
      const message =
        "Unable to get init container status from container runtime and pod has been initialized, treat it as exited normally";
      return { ...status, state: { terminated: { reason: "Completed", message, exitCode: 0 } } };
    }
  }
  if (!shouldStart(container, pod, runtimePod)) return status;
  const waiting = input.waitingReason(container.name);
  if (waiting === undefined) return status;
  const { reason, message } = waiting;
  return {
    ...status,
    ...(status.state?.terminated === undefined ? {} : { lastState: status.state }),
    state: { waiting: { reason, ...(message === "" ? {} : { message }) } },
  };
}
