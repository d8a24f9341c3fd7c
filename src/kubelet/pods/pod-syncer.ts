/**
 * Brings the containers of one pod to its spec, one step of actions at a time: kill, sandbox, ephemeral, init and
 * regular containers. Called by the pod's worker alone, so that there is one at a time for a pod.
 */
import { mkdir } from "node:fs/promises";
import type { Container, EphemeralContainer, Pod, Secret } from "../../kinds/generated/core-v1.ts";
import type { Clock } from "../../lib/clock.ts";
import type { PodSandboxConfig } from "../cri/generated/messages.ts";
import type { RuntimeService } from "../cri/runtime-service.ts";
import type { ImageManager } from "../images/image-manager.ts";
import { ensureVolumeImages, type VolumeImages } from "../images/volume-images.ts";
import { containerResources } from "../resources/cgroup-values.ts";
import type { Cgroups } from "../resources/cgroups.ts";
import { type KubeletSettings, podFolder } from "../settings.ts";
import type { Counters } from "../stats/counters.ts";
import type { VolumeManager } from "../volumes/volume-manager.ts";
import { computePodActions, type PodActions, type ProbeResults } from "./actions.ts";
import type { ContainerKiller } from "./container-killer.ts";
import type { ContainerStarter } from "./container-starter.ts";
import type { WaitingReason } from "./container-statuses.ts";
import { createCrashLoopBackOff, formatDelay } from "./crash-loop-back-off.ts";
import { podDns, type ResolverSettings } from "./dns.ts";
import type { ConfigSource } from "./environment.ts";
import { podHostname } from "./hosts-file.ts";
import { podUid } from "./labels.ts";
import type { RecordPodEvent } from "./pod-events.ts";
import type { RuntimePod } from "./runtime-status.ts";
import { podLogDirectory, sandboxConfig } from "./sandbox-config.ts";
import { createSlots } from "./slots.ts";
import { StartError } from "./start-error.ts";
import type { ContainerType } from "./terminated-containers.ts";

export interface SyncerDependencies {
  readonly runtime: RuntimeService;
  readonly images: ImageManager;
  readonly starter: ContainerStarter;
  readonly killer: ContainerKiller;
  readonly volumes: VolumeManager;
  readonly cgroups: Cgroups;
  readonly source: ConfigSource;
  readonly probes: ProbeResults;
  readonly settings: KubeletSettings;
  readonly clock: Clock;
  readonly counters: Pick<Counters, "add">;
  hostResolver(): Promise<ResolverSettings>;
  /** The runtime's name for a RuntimeClass; throws when there is none of that name. */
  runtimeHandler(className: string | undefined): Promise<string>;
  /** False while the network plugin is not ready: only pods on the node's network can start. */
  networkReady(): Promise<boolean>;
  readonly event: RecordPodEvent;
}

export interface SyncResult {
  /** The pod's status may be another: something was started or stopped, or there is another reason to wait. */
  readonly changed: boolean;
  /** Milliseconds after which another try makes sense. */
  readonly retryAfterMs: number | undefined;
}

export interface PodSyncer {
  sync(pod: Pod, runtimePod: RuntimePod): Promise<SyncResult>;
  /** Stops all containers and the sandboxes. */
  kill(pod: Pod, runtimePod: RuntimePod, grace?: number, signal?: AbortSignal): Promise<void>;
  waitingReason(uid: string, container: string): WaitingReason | undefined;
  forget(uid: string): void;
}

export function createPodSyncer(dependencies: SyncerDependencies): PodSyncer {
  const { runtime, images, starter, killer, volumes, cgroups, source, probes, settings, clock, event, counters } =
    dependencies;
  const crashLoop = createCrashLoopBackOff(clock);
  // When many pods come or go at once, a few at a time are ready or gone much sooner, and the last no later.
  const atOnce = Math.max(4, Math.ceil(settings.cpuCapacity / 1000) * 2);
  const starting = createSlots(atOnce);
  const stopping = createSlots(atOnce);
  const reasons = new Map<string, Map<string, WaitingReason>>();

  const setReason = (uid: string, container: string, reason: WaitingReason | undefined): void => {
    const ofPod = reasons.get(uid) ?? new Map<string, WaitingReason>();
    reasons.set(uid, ofPod);
    if (reason === undefined) ofPod.delete(container);
    else ofPod.set(container, reason);
  };

  const stopSandboxes = ({ sandboxes }: RuntimePod): Promise<unknown> => {
    const ready = sandboxes.filter((sandbox) => sandbox.ready);
    return Promise.all(ready.map(({ id }) => stopping(() => runtime.stopPodSandbox(id))));
  };

  const kill: PodSyncer["kill"] = async (pod, runtimePod, grace, signal) => {
    await killer.killAll(pod, runtimePod, grace, signal);
    await stopSandboxes(runtimePod);
  };

  const makeSandboxConfig = async (pod: Pod, attempt: number): Promise<PodSandboxConfig> =>
    sandboxConfig({
      pod,
      attempt,
      dns: podDns(pod, await dependencies.hostResolver(), {
        address: settings.clusterDns,
        domain: settings.clusterDomain,
      }),
      name: podHostname(pod, settings.clusterDomain),
      cgroupParent: cgroups.parentOf(pod),
      podLogs: settings.podLogs,
    });

  const createSandbox = async (pod: Pod, config: PodSandboxConfig): Promise<{ id: string; ips: string[] }> => {
    counters.add("kubelet_started_pods_total");
    try {
      await mkdir(podLogDirectory(settings.podLogs, pod), { recursive: true });
      const handler = await dependencies.runtimeHandler(pod.spec?.runtimeClassName);
      const id = await starting(() => runtime.runPodSandbox(config, handler));
      if (pod.spec?.hostNetwork === true) return { id, ips: [settings.nodeAddress] };
      const { network } = await runtime.podSandboxStatus(id);
      const ips = [network?.ip ?? "", ...(network?.additionalIps ?? []).map(({ ip }) => ip ?? "")];
      return { id, ips: ips.filter((ip) => ip !== "") };
    } catch (error) {
      counters.add("kubelet_started_pods_errors_total");
      event(pod, "Warning", "FailedCreatePodSandBox", `Failed to create pod sandbox: ${(error as Error).message}`);
      throw error;
    }
  };

  const mountVolumes = async (pod: Pod) => {
    try {
      return await volumes.mount(pod);
    } catch (error) {
      event(pod, "Warning", "FailedMount", (error as Error).message);
      throw error;
    }
  };

  const checkNetwork = async (pod: Pod): Promise<void> => {
    if (pod.spec?.hostNetwork === true || (await dependencies.networkReady())) return;
    const message = "network is not ready: container runtime network not ready: cni plugin not initialized";
    event(pod, "Warning", "NetworkNotReady", message);
    throw new Error(message);
  };

  const pullSecrets = (pod: Pod) => async (): Promise<Secret[]> => {
    const names = (pod.spec?.imagePullSecrets ?? []).map(({ name }) => name ?? "");
    const found = await Promise.allSettled(names.map((name) => source.secret(pod.metadata?.namespace ?? "", name)));
    // A missing secret is no reason not to try without it.
    return found.filter((result) => result.status === "fulfilled").map(({ value }) => value);
  };

  /** Kills what the plan names; the whole pod when the sandbox must go. */
  const applyKills = async (pod: Pod, runtimePod: RuntimePod, actions: PodActions): Promise<boolean> => {
    if (actions.killPod) {
      if (actions.createSandbox && actions.sandboxId !== "") {
        event(pod, "Normal", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.");
      }
      const running = runtimePod.containers.some(({ state }) => state === "running");
      const ready = runtimePod.sandboxes.some((sandbox) => sandbox.ready);
      await kill(pod, runtimePod);
      return running || ready;
    }
    const podIP = runtimePod.ips[0] ?? "";
    await Promise.all([...actions.kill.values()].map((target) => killer.kill({ pod, podIP, ...target })));
    return actions.kill.size > 0;
  };

  const applyResizes = async (pod: Pod, { resize }: PodActions): Promise<boolean> => {
    if (resize.length === 0) return false;
    await cgroups.resize(pod, async () => {
      for (const { id, container } of resize) {
        const resources = containerResources(pod, container, settings.memoryCapacity);
        // No quota is -1 for a container that had one.
        const cpuQuota = resources.cpuQuota || -1;
        await runtime.updateContainerResources(id, { ...resources, cpuQuota });
      }
    });
    return true;
  };

  interface StartContext {
    readonly pod: Pod;
    readonly runtimePod: RuntimePod;
    readonly sandboxId: string;
    readonly sandbox: PodSandboxConfig;
    readonly ips: readonly string[];
    readonly volumes: Awaited<ReturnType<VolumeManager["mount"]>>;
    readonly volumeImages: VolumeImages;
    retryAfterMs: number | undefined;
    changed: boolean;
  }

  const retryIn = (context: StartContext, ms: number): void => {
    context.retryAfterMs = Math.min(context.retryAfterMs ?? Number.POSITIVE_INFINITY, ms);
  };

  const backOffLeft = (container: Container, context: StartContext): boolean => {
    const { pod, runtimePod } = context;
    const exited = runtimePod.containers.find(({ name, state }) => name === container.name && state === "exited");
    if (exited === undefined) return false;
    const uid = podUid(pod);
    const key = `${uid}/${container.name}/${exited.hash}`;
    const { leftMs, delayMs } = crashLoop.check(key, exited.finishedAt);
    if (leftMs === 0) return false;
    const where = `${pod.metadata?.name ?? ""}_${pod.metadata?.namespace ?? ""}(${uid})`;
    event(
      pod,
      "Warning",
      "BackOff",
      `Back-off restarting failed container ${container.name} in pod ${where}`,
      container,
    );
    const message = `back-off ${formatDelay(delayMs)} restarting failed container=${container.name} pod=${where}`;
    setReason(uid, container.name, { reason: "CrashLoopBackOff", message });
    context.changed = true;
    retryIn(context, leftMs);
    return true;
  };

  /** Milliseconds. After a failed pull it only says ImagePullBackOff then. */
  const retryDelay = (uid: string, { reason }: StartError): number => {
    if (reason === "RunContainerError") return 0;
    if (reason === "ErrImagePull") return 1000;
    return images.retryAfter(uid) ?? 10_000;
  };

  /** False when the container could not be started. `container_type`: as upstream's metrics name it. */
  const start = async (
    container: Container,
    container_type: ContainerType,
    context: StartContext,
  ): Promise<boolean> => {
    const { pod } = context;
    const uid = podUid(pod);
    if (backOffLeft(container, context)) return false;
    counters.add("kubelet_started_containers_total", { container_type });
    const targetName = (container as EphemeralContainer).targetContainerName;
    try {
      await starter({ ...context, container, targetName, pullSecrets: pullSecrets(pod) });
      setReason(uid, container.name, undefined);
      context.changed = true;
      return true;
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      counters.add("kubelet_started_containers_errors_total", { code: error.reason, container_type });
      setReason(uid, container.name, { reason: error.reason, message: error.message });
      context.changed = true;
      retryIn(context, retryDelay(uid, error));
      return false;
    }
  };

  const startAll = async (actions: PodActions, context: StartContext): Promise<void> => {
    const { spec } = context.pod;
    for (const index of actions.ephemeralContainers) {
      const container = spec?.ephemeralContainers?.[index];
      if (container !== undefined) await start(container, "ephemeral_container", context);
    }
    for (const index of actions.initContainers) {
      const container = spec?.initContainers?.[index];
      // Those that follow depend on this one.
      if (container === undefined || (await start(container, "init_container", context))) continue;
      if (container.restartPolicy !== "Always") return;
    }
    for (const index of actions.containers) {
      const container = spec?.containers[index];
      if (container !== undefined) await start(container, "container", context);
    }
  };

  return {
    kill,
    waitingReason: (uid, container) => reasons.get(uid)?.get(container),
    forget(uid) {
      reasons.delete(uid);
      crashLoop.forget(`${uid}/`);
      images.forget(uid);
    },
    async sync(pod, runtimePod) {
      const actions = computePodActions(pod, runtimePod, probes);
      const killed = await applyKills(pod, runtimePod, actions);
      const resized = await applyResizes(pod, actions);
      const starts = actions.ephemeralContainers.length + actions.initContainers.length + actions.containers.length;
      if (actions.killPod && !actions.createSandbox) return { changed: killed, retryAfterMs: undefined };
      await checkNetwork(pod);
      await mkdir(podFolder(settings, podUid(pod)), { recursive: true, mode: 0o750 });
      // The runtime needs the group only when it makes the sandbox, the containers the volumes: both can begin now.
      const mounting = mountVolumes(pod);
      mounting.catch(() => undefined);
      if (starts === 0 && !actions.createSandbox) {
        await mounting;
        return { changed: killed || resized, retryAfterMs: undefined };
      }
      // Also before a container starts again: its limits may have been changed meanwhile.
      await cgroups.create(pod);
      const sandbox = await makeSandboxConfig(pod, actions.attempt);
      const mounted = await mounting;
      let sandboxId = actions.sandboxId;
      let ips: readonly string[] = pod.spec?.hostNetwork === true ? [settings.nodeAddress] : runtimePod.ips;
      if (actions.createSandbox) ({ id: sandboxId, ips } = await createSandbox(pod, sandbox));
      const volumeImages = await ensureVolumeImages(images, {
        pod,
        sandbox,
        pullSecrets: pullSecrets(pod),
        event: (type, reason, message) => event(pod, type, reason, message),
      });
      const context: StartContext = {
        pod,
        runtimePod,
        sandboxId,
        sandbox,
        ips,
        volumes: mounted,
        volumeImages,
        retryAfterMs: undefined,
        changed: killed || resized || actions.createSandbox,
      };
      await startAll(actions, context);
      return { changed: context.changed, retryAfterMs: context.retryAfterMs };
    },
  };
}
