/** What the container runtime knows of one pod, in the kubelet's own shape. Times are milliseconds since the epoch. */

import { RuntimeError } from "../cri/connection.ts";
import type * as cri from "../cri/generated/messages.ts";
import type { RuntimeService } from "../cri/runtime-service.ts";
import { annotationKeys, labelKeys } from "./labels.ts";

export interface RuntimeContainer {
  readonly id: string;
  readonly name: string;
  readonly sandboxId: string;
  readonly state: "created" | "running" | "exited" | "unknown";
  readonly image: string;
  readonly imageRef: string;
  readonly createdAt: number;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly exitCode: number;
  readonly reason: string;
  readonly message: string;
  readonly restartCount: number;
  /** Of the part of the spec that needs a new container when it changes. */
  readonly hash: string;
  readonly logPath: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly user: cri.ContainerUser | undefined;
  readonly mounts: readonly cri.Mount[];
  /** What the kernel enforces now; undefined: the runtime does not say. */
  readonly resources: cri.LinuxContainerResources | undefined;
}

export interface RuntimeSandbox {
  readonly id: string;
  readonly ready: boolean;
  readonly createdAt: number;
  readonly attempt: number;
  readonly hostNetwork: boolean;
  readonly ips: readonly string[];
}

export interface RuntimePod {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
  /** Newest first. */
  readonly sandboxes: readonly RuntimeSandbox[];
  /** Newest first. */
  readonly containers: readonly RuntimeContainer[];
  /** Of the newest sandbox while it is ready. */
  readonly ips: readonly string[];
}

export function emptyRuntimePod(uid: string, name: string, namespace: string): RuntimePod {
  return { uid, name, namespace, sandboxes: [], containers: [], ips: [] };
}

/** The newest container of that name. */
export function findContainer(pod: RuntimePod, name: string): RuntimeContainer | undefined {
  return pod.containers.find((container) => container.name === name);
}

export interface RuntimePodReader {
  /** Asks the runtime for everything of one pod. */
  read(uid: string, name: string, namespace: string): Promise<RuntimePod>;
  /** Lets go of what is remembered of a pod that is gone. */
  forget(uid: string): void;
}

/**
 * Reads pods from the runtime. Containers that have exited do not change any more, so that their status is asked for
 * once; `describeExit` adds the termination message then.
 */
export function createRuntimePodReader(
  runtime: RuntimeService,
  describeExit: (status: cri.ContainerStatus) => Promise<string>,
): RuntimePodReader {
  const exited = new Map<string, Map<string, RuntimeContainer>>();
  const readContainer = async (uid: string, container: cri.Container): Promise<RuntimeContainer | undefined> => {
    const id = container.id ?? "";
    const known = exited.get(uid)?.get(id);
    if (known !== undefined) return known;
    const status = await ignoreNotFound(runtime.containerStatus(id));
    if (status === undefined) return undefined;
    const message = status.state === "CONTAINER_EXITED" ? await describeExit(status) : (status.message ?? "");
    const result = toRuntimeContainer(status, container.podSandboxId ?? "", message);
    if (result.state === "exited") {
      let pod = exited.get(uid);
      if (pod === undefined) {
        pod = new Map();
        exited.set(uid, pod);
      }
      pod.set(id, result);
    }
    return result;
  };
  return {
    async read(uid, name, namespace) {
      const labelSelector = { [labelKeys.podUid]: uid };
      const [sandboxItems, containerItems] = await Promise.all([
        runtime.listPodSandboxes({ labelSelector }),
        runtime.listContainers({ labelSelector }),
      ]);
      forgetRemoved(exited.get(uid), containerItems);
      sandboxItems.sort((a, b) => (b.createdAt ?? 0) - (a.createdAt ?? 0));
      const [sandboxes, containers] = await Promise.all([
        Promise.all(sandboxItems.map((item) => ignoreNotFound(runtime.podSandboxStatus(item.id ?? "")))),
        Promise.all(containerItems.map((item) => readContainer(uid, item))),
      ]);
      const known = sandboxes.filter((status) => status !== undefined).map(toRuntimeSandbox);
      return {
        uid,
        name,
        namespace,
        sandboxes: known,
        containers: containers
          .filter((container) => container !== undefined)
          .sort((a, b) => b.createdAt - a.createdAt || b.restartCount - a.restartCount),
        ips: known[0]?.ready === true ? known[0].ips : [],
      };
    },
    forget: (uid) => exited.delete(uid),
  };
}

/** A pod whose containers come and go for years has no more of them in memory than the runtime has. */
function forgetRemoved(known: Map<string, RuntimeContainer> | undefined, items: readonly cri.Container[]): void {
  if (known === undefined) return;
  const ids = new Set(items.map(({ id }) => id));
  for (const id of known.keys()) if (!ids.has(id)) known.delete(id);
}

async function ignoreNotFound<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (error instanceof RuntimeError && error.notFound) return undefined;
    throw error;
  }
}

function toRuntimeSandbox(status: cri.PodSandboxStatus): RuntimeSandbox {
  const network = status.network;
  const ips = [network?.ip ?? "", ...(network?.additionalIps ?? []).map(({ ip }) => ip ?? "")];
  return {
    id: status.id ?? "",
    ready: status.state === "SANDBOX_READY",
    createdAt: milliseconds(status.createdAt),
    attempt: status.metadata?.attempt ?? 0,
    hostNetwork: status.linux?.namespaces?.options?.network === "NODE",
    ips: ips.filter((ip) => ip !== ""),
  };
}

const states = {
  CONTAINER_CREATED: "created",
  CONTAINER_RUNNING: "running",
  CONTAINER_EXITED: "exited",
  CONTAINER_UNKNOWN: "unknown",
} as const;

function toRuntimeContainer(status: cri.ContainerStatus, sandboxId: string, message: string): RuntimeContainer {
  const annotations = status.annotations ?? {};
  return {
    id: status.id ?? "",
    name: status.labels?.[labelKeys.containerName] ?? status.metadata?.name ?? "",
    sandboxId,
    state: states[status.state ?? "CONTAINER_UNKNOWN"],
    image: status.image?.userSpecifiedImage || status.image?.image || "",
    imageRef: status.imageRef ?? "",
    createdAt: milliseconds(status.createdAt),
    startedAt: milliseconds(status.startedAt),
    finishedAt: milliseconds(status.finishedAt),
    exitCode: status.exitCode ?? 0,
    reason: status.reason ?? "",
    message,
    restartCount: Number(annotations[annotationKeys.restartCount] ?? status.metadata?.attempt ?? 0),
    hash: annotations[annotationKeys.hash] ?? "",
    logPath: status.logPath ?? "",
    annotations,
    user: status.user ?? undefined,
    mounts: status.mounts ?? [],
    resources: status.resources?.linux ?? undefined,
  };
}

const milliseconds = (nanoseconds: number | undefined): number => Math.floor((nanoseconds ?? 0) / 1e6);
