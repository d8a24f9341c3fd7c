/** Starts one container: image, configuration, create, start, postStart hook. Upstream's events and reasons. */

import { mkdir, readdir, readFile, realpath } from "node:fs/promises";
import { join } from "node:path";
import type { Container, Pod, Secret, Service } from "../../kinds/generated/core-v1.ts";
import type { Clock } from "../../lib/clock.ts";
import type { ContainerConfig, PodSandboxConfig } from "../cri/generated/messages.ts";
import type { RuntimeService } from "../cri/runtime-service.ts";
import type { ImageManager } from "../images/image-manager.ts";
import { missingImages, type VolumeImages } from "../images/volume-images.ts";
import { type KubeletSettings, podFolder } from "../settings.ts";
import type { ImageMounts } from "../volumes/image-mounts.ts";
import type { MountedVolume } from "../volumes/volume-manager.ts";
import { containerConfig } from "./container-config.ts";
import type { ContainerKiller } from "./container-killer.ts";
import { containerMounts } from "./container-mounts.ts";
import { type ConfigSource, makeEnvironment } from "./environment.ts";
import type { FieldContext } from "./field-values.ts";
import { podHostname } from "./hosts-file.ts";
import { podUid } from "./labels.ts";
import { runHook } from "./lifecycle-hooks.ts";
import type { RecordPodEvent } from "./pod-events.ts";
import { findContainer, type RuntimePod } from "./runtime-status.ts";
import { podLogDirectory } from "./sandbox-config.ts";
import { serviceEnvironment } from "./service-environment.ts";
import { StartError, type StartReason } from "./start-error.ts";

export interface StarterDependencies {
  readonly runtime: RuntimeService;
  readonly images: ImageManager;
  readonly imageMounts: Pick<ImageMounts, "mount">;
  readonly killer: ContainerKiller;
  readonly source: ConfigSource;
  readonly settings: KubeletSettings;
  readonly clock: Clock;
  services(): Promise<Iterable<Service>>;
  readonly event: RecordPodEvent;
}

export interface StartInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly runtimePod: RuntimePod;
  readonly sandboxId: string;
  readonly sandbox: PodSandboxConfig;
  readonly ips: readonly string[];
  readonly volumes: ReadonlyMap<string, MountedVolume>;
  readonly volumeImages: VolumeImages;
  /** Of an ephemeral container. */
  readonly targetName?: string | undefined;
  pullSecrets(): Promise<readonly Secret[]>;
}

export type ContainerStarter = (input: StartInput) => Promise<void>;

/** The starter throws StartError. */
export function createContainerStarter(dependencies: StarterDependencies): ContainerStarter {
  const { runtime, images, imageMounts, killer, settings, clock, event } = dependencies;

  const failWith = ({ pod, container }: StartInput, reason: StartReason, error: unknown): never => {
    const message = error instanceof Error ? error.message : String(error);
    event(pod, "Warning", "Failed", `Error: ${message}`, container);
    throw new StartError(reason, message, { cause: error });
  };

  const makeConfig = async (input: StartInput, restartCount: number): Promise<ContainerConfig> => {
    const { pod, container, ips, runtimePod, targetName } = input;
    const image = await images
      .ensure({
        ...input,
        image: container.image ?? "",
        policy: container.imagePullPolicy,
        event: (type, reason, message) => event(pod, type, reason, message, container),
      })
      .catch((error: StartError) => {
        event(pod, "Warning", "Failed", `Error: ${error.reason}`, container);
        throw error;
      });
    try {
      const target = targetName ? findContainer(runtimePod, targetName) : undefined;
      if (targetName && target?.state !== "running") {
        throw new Error(`unable to find target container "${targetName}"`);
      }
      const namespace = pod.metadata?.namespace ?? "";
      const environment = await makeEnvironment({
        pod,
        container,
        source: dependencies.source,
        services: serviceEnvironment(await dependencies.services(), namespace, pod.spec?.enableServiceLinks !== false),
        fields: fieldContext(settings, ips),
        readFile: (volume, path) => readVolumeFile(input.volumes, volume, path),
      });
      const uid = podUid(pod);
      const folder = podFolder(settings, uid);
      const name = podHostname(pod, settings.clusterDomain);
      const mounts = await containerMounts({
        ...input,
        environment,
        folder,
        name,
        mountImage: (volume, source) => imageMounts.mount(uid, volume, source),
      });
      await mkdir(join(podLogDirectory(settings.podLogs, pod), container.name), { recursive: true });
      return containerConfig({
        pod,
        container,
        restartCount,
        imageRef: image.id ?? "",
        imageUser: { uid: image.uid?.value, username: image.username },
        environment,
        mounts,
        memoryCapacity: settings.memoryCapacity,
        seccompFolder: join(settings.root, "seccomp"),
        targetId: target?.id,
      });
    } catch (error) {
      return failWith(input, error instanceof StartError ? error.reason : "CreateContainerConfigError", error);
    }
  };

  return async (input) => {
    const { pod, container, runtimePod } = input;
    const missing = missingImages(container, input.volumeImages);
    for (const { reason } of missing) event(pod, "Warning", "Failed", `Error: ${reason}`, container);
    const last = missing.at(-1);
    if (last !== undefined) throw last;
    const before = findContainer(runtimePod, container.name);
    const restartCount =
      before === undefined
        ? await restartCountFromLogs(join(podLogDirectory(settings.podLogs, pod), container.name))
        : before.restartCount + 1;
    const config = await makeConfig(input, restartCount);
    const request = { podSandboxId: input.sandboxId, config, sandboxConfig: input.sandbox };
    const id = await runtime
      .createContainer(request)
      .catch((error: unknown) => failWith(input, "CreateContainerError", error));
    event(pod, "Normal", "Created", "Container created", container);
    await runtime.startContainer(id).catch((error: unknown) => failWith(input, "RunContainerError", error));
    event(pod, "Normal", "Started", "Container started", container);
    const handler = container.lifecycle?.postStart;
    if (handler === undefined) return;
    const podIP = input.ips[0] ?? "";
    try {
      await runHook(runtime, clock, { handler, containerId: id, pod, container, podIP });
    } catch (error) {
      event(pod, "Warning", "FailedPostStartHook", "PostStartHook failed", container);
      const status = { ...emptyStatus, id, name: container.name };
      await killer.kill({ pod, container, status, message: "FailedPostStartHook", reason: "", podIP });
      throw new StartError("PostStartHookError", (error as Error).message, { cause: error });
    }
  };
}

const emptyStatus = {
  sandboxId: "",
  state: "running",
  image: "",
  imageRef: "",
  createdAt: 0,
  startedAt: 0,
  finishedAt: 0,
  exitCode: 0,
  reason: "",
  message: "",
  restartCount: 0,
  hash: "",
  logPath: "",
  annotations: {},
  user: undefined,
  mounts: [],
  resources: undefined,
} as const;

export function fieldContext(settings: KubeletSettings, podIPs: readonly string[]): FieldContext {
  const allocatable = {
    cpu: settings.cpuCapacity,
    memory: settings.memoryCapacity,
    ephemeralStorage: settings.diskCapacity,
  };
  return { hostIP: settings.nodeAddress, podIPs, allocatable };
}

/** A runtime that lost its state (a reboot) must not make the log of the first container be written over. */
async function restartCountFromLogs(directory: string): Promise<number> {
  const names = await readdir(directory).catch(() => []);
  const counts = names.map((name) => /^(\d+)\.log/.exec(name)?.[1]).filter((count) => count !== undefined);
  return counts.length === 0 ? 0 : Math.max(...counts.map(Number)) + 1;
}

async function readVolumeFile(
  volumes: ReadonlyMap<string, MountedVolume>,
  name: string,
  path: string,
): Promise<string> {
  const volume = volumes.get(name);
  if (volume === undefined) throw new Error(`cannot find the volume "${name}" referenced by FileKeyRef`);
  const full = await realpath(join(volume.path, path));
  if (!full.startsWith(`${await realpath(volume.path)}/`)) throw new Error(`path "${path}" leads out of the volume`);
  return readFile(full, "utf8");
}
