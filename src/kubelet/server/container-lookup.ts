/** Finds the container that a request means, in upstream's words when there is none. */

import type { ContainerStatus, PodStatus } from "../../kinds/generated/core-v1.ts";
import { valueAt } from "../../machinery/meta/accessors.ts";
import type { PodManager } from "../pods/pod-manager.ts";
import type { PodWorker } from "../pods/pod-worker.ts";
import { findContainer } from "../pods/runtime-status.ts";

/** An answer that is not 200. */
export class HttpProblem extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export function findWorker(manager: PodManager, namespace: string, name: string, uid?: string): PodWorker {
  const worker = uid ? manager.get(uid) : manager.find(namespace, name);
  if (worker === undefined) throw new HttpProblem(404, `pod does not exist`);
  return worker;
}

/** Id of the running container of that name. */
export function runningContainerId(worker: PodWorker, container: string): string {
  const found = findContainer(worker.runtimePod, container);
  if (found === undefined || found.state !== "running") {
    throw new HttpProblem(404, `container not found ("${container}")`);
  }
  return found.id;
}

/** Id of the container whose logs are meant; HttpProblem 400 when there are none yet. */
export function loggedContainerId(status: PodStatus, pod: string, container: string, previous: boolean): string {
  const statuses = [
    ...(status.containerStatuses ?? []),
    ...(status.initContainerStatuses ?? []),
    ...(status.ephemeralContainerStatuses ?? []),
  ];
  const found = statuses.find(({ name }) => name === container);
  if (found === undefined) throw new HttpProblem(400, `container "${container}" in pod "${pod}" is not available`);
  const last = found.lastState?.terminated?.containerID;
  if (previous) {
    if (last) return stripScheme(last);
    throw new HttpProblem(400, `previous terminated container "${container}" in pod "${pod}" not found`);
  }
  const id = currentId(found) || last;
  if (id) return stripScheme(id);
  if (found.state?.terminated !== undefined || found.lastState?.terminated !== undefined) {
    throw new HttpProblem(400, `container "${container}" in pod "${pod}" is terminated`);
  }
  const reason = found.state?.waiting?.reason ?? "";
  const why = valueAt(waitingWords, reason) ?? reason;
  throw new HttpProblem(400, `container "${container}" in pod "${pod}" is waiting to start: ${why}`);
}

const waitingWords: Readonly<Record<string, string>> = {
  ErrImagePull: "image can't be pulled",
  ImagePullBackOff: "trying and failing to pull image",
};

function currentId({ state, containerID }: ContainerStatus): string | undefined {
  if (state?.running !== undefined) return containerID;
  return state?.terminated?.containerID;
}

function stripScheme(id: string): string {
  return id.slice(id.indexOf("://") + 3);
}
