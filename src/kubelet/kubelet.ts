/**
 * The node agent: registers the node, runs the pods that are bound to it through the container runtime, reports what
 * becomes of them, and answers the API server's requests for logs, exec, attach and port-forward.
 *
 * Fed by: the pods, services and node informers; static manifests; the runtime's events; probes. Feeds: containerd
 * over CRI, control groups and volumes on the node, pod and node status and the lease in the API. Every pod has one
 * worker (pods/pod-worker.ts), everything is level-triggered, and running containers survive a restart of the kubelet.
 */
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { pods, runtimeClasses, services } from "../client/resources.ts";
import type { Client, EventRecorder, Informers } from "../client/types.ts";
import type { Node, PodStatus } from "../kinds/generated/core-v1.ts";
import type { CertificateSource } from "../lib/certificate-source.ts";
import { type Clock, systemClock } from "../lib/clock.ts";
import type { Component, RunningComponent } from "../lib/component.ts";
import { createLogger, errorChain, type Logger } from "../lib/log.ts";
import type { NodeConfig } from "../node/config.ts";
import { interfaceMtu } from "./cni-config.ts";
import { awaitRuntime } from "./cri/await-runtime.ts";
import { createImageService } from "./cri/image-service.ts";
import { createSnapshotService } from "./cri/snapshot-service.ts";
import { createNodeGuard } from "./eviction/node-guard.ts";
import { createImageManager } from "./images/image-manager.ts";
import { rotateLogs } from "./logs/log-rotation.ts";
import { readMachine } from "./node/machine.ts";
import { startNodeReporter } from "./node/node-reporter.ts";
import { admitPod, countedReason } from "./pods/admission.ts";
import { createConfigSource } from "./pods/config-source.ts";
import { createContainerKiller } from "./pods/container-killer.ts";
import { pruneDead } from "./pods/container-removal.ts";
import { createContainerStarter, fieldContext } from "./pods/container-starter.ts";
import { readHostResolver } from "./pods/dns.ts";
import { podUid } from "./pods/labels.ts";
import { watchLifecycle } from "./pods/lifecycle-events.ts";
import { createMirrorPods } from "./pods/mirror-pods.ts";
import { containerFieldPath, type RecordPodEvent } from "./pods/pod-events.ts";
import { createPodManager, type PodManager } from "./pods/pod-manager.ts";
import { computePodStatus } from "./pods/pod-status.ts";
import { createPodSyncer } from "./pods/pod-syncer.ts";
import { createRuntimePodReader, type RuntimeContainer } from "./pods/runtime-status.ts";
import { followStaticPods } from "./pods/static-pods.ts";
import { createStatusManager } from "./pods/status-manager.ts";
import { terminatedContainers } from "./pods/terminated-containers.ts";
import { readTerminationMessage } from "./pods/termination-message.ts";
import { createProbeManager } from "./probes/probe-manager.ts";
import { createCgroups } from "./resources/cgroups.ts";
import type { KubeletSettings } from "./settings.ts";
import { type Counters, createCounters } from "./stats/counters.ts";
import { createStatsSource } from "./stats/stats.ts";
import { createVolumeStatsReader } from "./stats/volume-stats.ts";
import { createVolumeManager } from "./volumes/create-volume-manager.ts";
import { createImageMounts } from "./volumes/image-mounts.ts";
import { createServiceAccountTokens } from "./volumes/service-account-tokens.ts";

export interface KubeletOptions {
  readonly client: Client;
  readonly informers: Informers;
  readonly recorder: EventRecorder;
  readonly nodeName: string;
  readonly nodeAddress: string;
  readonly config: Pick<NodeConfig, "role" | "labels" | "cluster" | "extraConfig">;
  /** Of the kubelet's server, which is not started without it. Clients show certificates of `clientCa` (PEM). */
  readonly tls?: { readonly serving: CertificateSource; readonly clientCa: string };
  readonly clock?: Clock;
  /** Others fill the node's disk as well: how full it is says nothing of the pods. Absent: the disk is the node's own. */
  readonly diskIsShared?: boolean;
  readonly paths?: Partial<KubeletPaths>;
}

export interface KubeletPaths {
  readonly runtimeSocket: string;
  readonly root: string;
  readonly podLogs: string;
  readonly cniConfig: string;
  readonly bridge: string;
  readonly resolver: string;
  readonly manifests: string;
  readonly cgroups: string;
  /** Control group under which `kubepods` lies; empty: the top. */
  readonly cgroupRoot: string;
  readonly port: number;
  readonly healthPort: number;
}

const defaultPaths: KubeletPaths = {
  runtimeSocket: "/run/containerd/containerd.sock",
  root: "/var/lib/kubelet",
  podLogs: "/var/log/pods",
  cniConfig: "/etc/cni/net.d",
  bridge: "cni0",
  resolver: "/etc/resolv.conf",
  manifests: "/etc/kubernetes/manifests",
  cgroups: "/sys/fs/cgroup",
  cgroupRoot: "",
  port: 10250,
  healthPort: 10248,
};

export function createKubelet(options: KubeletOptions): Component {
  return {
    name: "kubelet",
    async start(signal) {
      const log = createLogger("kubelet");
      const paths = { ...defaultPaths, ...options.paths };
      const stopped = new AbortController();
      const stop = (): void => stopped.abort(signal.reason);
      signal.addEventListener("abort", stop, { once: true });
      try {
        return await run(options, paths, log, stopped.signal);
      } catch (error) {
        stopped.abort(error);
        throw error;
      }
    },
  };
}

async function run(
  options: KubeletOptions,
  paths: KubeletPaths,
  log: Logger,
  signal: AbortSignal,
): Promise<RunningComponent> {
  const { client, informers, recorder, nodeName, nodeAddress, config, clock = systemClock } = options;
  const flags = config.extraConfig["kubelet"] ?? {};
  const podInformer = informers.of(pods, { fieldSelector: `spec.nodeName=${nodeName}` });
  const serviceInformer = informers.of(services);
  await Promise.all([mkdir(paths.root, { recursive: true, mode: 0o750 }), mkdir(paths.podLogs, { recursive: true })]);
  const [{ connection, runtime, version }, machine, cgroups] = await Promise.all([
    awaitRuntime(paths.runtimeSocket, clock, signal),
    readMachine(paths.root),
    createCgroups(paths.cgroups, paths.cgroupRoot, log),
  ]);
  const imageService = createImageService(connection);
  const settings: KubeletSettings = {
    nodeName,
    nodeAddress,
    root: paths.root,
    podLogs: paths.podLogs,
    clusterDns: config.cluster.dnsAddress,
    clusterDomain: config.cluster.dnsDomain,
    resolver: paths.resolver,
    memoryCapacity: machine.memory,
    cpuCapacity: machine.cpu,
    diskCapacity: machine.disk,
    maximumPods: Number(flags["max-pods"] ?? 110),
  };
  const event: RecordPodEvent = (pod, type, reason, message, container) =>
    recorder.event(pod, type, reason, message, container && containerFieldPath(pod, container.name));
  const source = createConfigSource(client);
  const counters = createCounters();
  const guard = createNodeGuard({ flags, diskIsShared: options.diskIsShared === true, machine, clock });

  let manager: PodManager | undefined;
  let nodeOf: (() => Node | undefined) | undefined;
  const mirrors = createMirrorPods(client, podInformer.lister, () => nodeOf?.());
  const statuses = createStatusManager(client, mirrors, clock, log);
  const probes = createProbeManager({ runtime, clock, nodeAddress, event, changed: (uid) => manager?.trigger(uid) });
  const imageMounts = createImageMounts({
    images: imageService,
    snapshots: createSnapshotService(paths.runtimeSocket, signal),
    root: settings.root,
  });
  const volumes = await createVolumeManager({
    client,
    source,
    tokens: createServiceAccountTokens(client, clock),
    imageMounts,
    settings,
    clock,
    fields: () => fieldContext(settings, []),
  });
  const images = createImageManager(imageService, clock);
  const killer = createContainerKiller({ runtime, clock, event });
  const starter = createContainerStarter({
    runtime,
    images,
    imageMounts,
    killer,
    source,
    settings,
    clock,
    event,
    async services() {
      await serviceInformer.synced();
      return serviceInformer.lister.list();
    },
  });
  const settingUp = cgroups.setup();
  // Awaited below; a failure before that must wait for it too, not end the process.
  settingUp.catch(() => undefined);
  const lifecycle = watchLifecycle({
    runtime,
    clock,
    log,
    signal,
    changed: (uid, time) => manager?.trigger(uid, time),
    idle: () => [...(manager?.workers() ?? [])].every(({ state }) => state === "finished"),
  });
  const fault = (): string | undefined => {
    const why = lifecycle.healthy();
    return why === undefined ? undefined : `PLEG is not healthy: ${why}`;
  };
  const reporter = await startNodeReporter({
    client,
    informers,
    recorder,
    clock,
    log,
    runtime,
    images: imageService,
    machine,
    nodeName,
    nodeAddress,
    controlPlane: config.role === "control-plane",
    labels: config.labels,
    maximumPods: settings.maximumPods,
    port: paths.port,
    runtimeVersion: version,
    reserved: guard.reserved,
    cni: { folder: paths.cniConfig, bridge: paths.bridge, mtu: await interfaceMtu("eth0") },
    signal,
    fault,
    pressure: () => guard.pressure(),
    networkBecameReady: () => {
      for (const worker of manager?.workers() ?? []) worker.trigger();
    },
  });
  nodeOf = () => reporter.node();
  await settingUp;

  const syncer = createPodSyncer({
    runtime,
    images,
    starter,
    killer,
    volumes,
    cgroups,
    source,
    probes,
    settings,
    clock,
    counters,
    event,
    hostResolver: () => readHostResolver(settings.resolver),
    networkReady: () => reporter.networkReady(),
    async runtimeHandler(name) {
      if (!name) return "";
      return (await client.of(runtimeClasses).get(name)).handler;
    },
  });
  const podManager = createPodManager({
    runtime,
    volumes,
    cgroups,
    statuses,
    settings,
    log,
    worker: {
      reader: createRuntimePodReader(runtime, readTerminationMessage),
      syncer,
      volumes,
      cgroups,
      statuses,
      clock,
      log,
      event,
      prune: (runtimePod) => pruneDead(runtime, runtimePod, settings.podLogs),
      probe: (pod, runtimePod, state) => probes.sync(pod, runtimePod, state),
      admit: (pod) => {
        const others = podManager.wanted().filter((other) => podUid(other) !== podUid(pod));
        const verdict = guard.refuse(pod) ?? admitPod(pod, others, reporter.node());
        if (verdict !== undefined)
          counters.add("kubelet_admission_rejections_total", { reason: countedReason(verdict) });
        return verdict;
      },
      status: ({ pod, runtimePod, terminal, verdict }) => {
        const previous = statuses.get(podUid(pod)) ?? pod.status ?? {};
        const status = computePodStatus({
          pod,
          runtimePod,
          terminal,
          verdict,
          previous,
          runtimeName: version.slice(0, version.indexOf("://")),
          hostIP: nodeAddress,
          waitingReason: (container) => syncer.waitingReason(podUid(pod), container),
          applyProbes: (of, filled) => probes.apply(of, filled),
        });
        countTerminations(counters, previous, status);
        return status;
      },
    },
  });
  manager = podManager;
  await podManager.adopt();
  podInformer.subscribe({
    added: (pod) => podManager.update(pod),
    updated: (pod) => podManager.update(pod),
    deleted: (pod) => podManager.remove(pod),
  });
  await podInformer.synced();
  await followStaticPods({
    folder: paths.manifests,
    nodeName,
    clock,
    log,
    signal,
    added: (pod) => podManager.update(pod),
    removed: (pod) => podManager.remove(pod),
  });
  if (options.tls !== undefined) {
    const { startKubeletServer } = await import("./server/server.ts");
    await startKubeletServer({
      client,
      nodeName,
      tls: options.tls,
      port: paths.port,
      healthPort: paths.healthPort,
      runtime,
      manager: podManager,
      statuses,
      logs: dirname(paths.podLogs),
      stats: createStatsSource({
        runtime,
        images: imageService,
        cgroups,
        volumes: createVolumeStatsReader({ volumes, clock, log }),
        settings,
        manager: podManager,
        clock,
        counters,
        startTime: (uid) => statuses.get(uid)?.startTime,
        probeMetrics: () => probes.metrics(),
      }),
      clock,
      log,
      signal,
      configuration: { ...settings, port: paths.port },
      fault,
    });
  }
  guard.start({
    runtime,
    images: imageService,
    mountedImages: () => imageMounts.mounted(),
    cgroups,
    manager: podManager,
    settings,
    counters,
    log,
    signal,
    event: (about, type, reason, message) => recorder.event(about, type, reason, message),
    node: () => reporter.node(),
  });
  void rotateLogs({ runtime, clock, log, signal, containers: () => runningContainers(podManager) });
  podManager.removeOrphans().catch((error) => log.error("cannot look for orphaned pods", { error: errorChain(error) }));

  const done = new Promise<void>((resolve) => {
    signal.addEventListener(
      "abort",
      () => {
        podManager.stop();
        probes.stop();
        resolve();
      },
      { once: true },
    );
  });
  return { done };
}

function countTerminations(counters: Counters, before: PodStatus, now: PodStatus): void {
  for (const { type, exitCode, reason } of terminatedContainers(before, now)) {
    const labels = { container_type: type, exit_code: String(exitCode), reason };
    counters.add("kubelet_terminated_containers_total", labels);
  }
}

function* runningContainers(manager: PodManager): Iterable<RuntimeContainer> {
  for (const { runtimePod } of manager.workers()) {
    for (const container of runtimePod.containers) if (container.state === "running") yield container;
  }
}
