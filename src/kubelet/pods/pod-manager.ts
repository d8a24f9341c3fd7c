/**
 * Every pod that this node should run, one worker each: fed by the pod informer and by static manifests, woken by the
 * runtime's events and by probes. Cleans up what belongs to no pod any more.
 */
import { isMirrorPod } from "../../kinds/core/pod/mirror-pod.ts";
import type { Pod } from "../../kinds/generated/core-v1.ts";
import { removeTree } from "../../lib/beneath.ts";
import { errorChain, type Logger } from "../../lib/log.ts";
import type { RuntimeService } from "../cri/runtime-service.ts";
import type { Cgroups } from "../resources/cgroups.ts";
import { type KubeletSettings, podFolder } from "../settings.ts";
import type { VolumeManager } from "../volumes/volume-manager.ts";
import { removePod } from "./container-removal.ts";
import { labelKeys, podUid } from "./labels.ts";
import { PodWorker, type WorkerDependencies } from "./pod-worker.ts";
import type { StatusManager } from "./status-manager.ts";

export interface PodManagerDependencies {
  readonly runtime: RuntimeService;
  readonly volumes: VolumeManager;
  readonly cgroups: Cgroups;
  readonly statuses: StatusManager;
  readonly settings: KubeletSettings;
  readonly log: Logger;
  readonly worker: Omit<WorkerDependencies, "finished">;
}

export interface PodManager {
  /** A pod was added or changed. */
  update(pod: Pod): void;
  /** A pod is gone from the API, or its manifest from the folder. */
  remove(pod: Pod): void;
  /** Something of the pod may have changed: in the runtime at that time (milliseconds since the epoch), or anywhere. */
  trigger(uid: string, time?: number): void;
  get(uid: string): PodWorker | undefined;
  find(namespace: string, name: string): PodWorker | undefined;
  workers(): Iterable<PodWorker>;
  /** Those that are to run here and have not ended; not those that are gone from the API while their containers still stop. */
  wanted(): Pod[];
  /** Remembers what ran before the kubelet did; call before the first update. */
  adopt(): Promise<void>;
  /** Removes what the runtime still has of those that have ended, their logs too. Throws RuntimeError. */
  removeDead(of: Iterable<PodWorker>): Promise<void>;
  /** Kills and removes everything that belongs to no known pod; call when all pods are known. */
  removeOrphans(): Promise<void>;
  stop(): void;
}

export function createPodManager(dependencies: PodManagerDependencies): PodManager {
  const { runtime, volumes, cgroups, statuses, settings, log } = dependencies;
  const workers = new Map<string, PodWorker>();
  const gone = new Set<string>();
  let adopted = new Set<string>();

  const clear = async (uid: string): Promise<void> => {
    await removePod(runtime, uid, settings.podLogs);
    // Removing the folder with a volume's part still mounted in it would remove what the volume holds.
    await volumes.unmount(uid);
    await removeTree(podFolder(settings, uid));
  };

  const drop = (uid: string): void => {
    workers.delete(uid);
    gone.delete(uid);
    statuses.forget(uid);
    dependencies.worker.reader.forget(uid);
    clear(uid).catch((error) => log.warn("cannot remove what a pod left", { uid, error: errorChain(error) }));
  };

  const workerDependencies: WorkerDependencies = {
    ...dependencies.worker,
    finished(uid) {
      if (gone.has(uid)) drop(uid);
    },
  };

  const runtimeUids = async (): Promise<Set<string>> => {
    const sandboxes = await runtime.listPodSandboxes();
    return new Set(sandboxes.map(({ labels }) => labels?.[labelKeys.podUid] ?? "").filter((uid) => uid !== ""));
  };

  const removeOrphan = async (uid: string): Promise<void> => {
    log.info("removing a pod that is not wanted any more", { uid });
    const containers = await runtime.listContainers({
      labelSelector: { [labelKeys.podUid]: uid },
      state: { state: "CONTAINER_RUNNING" },
    });
    await Promise.all(containers.map(({ id = "" }) => runtime.stopContainer(id, 2)));
    await removePod(runtime, uid, settings.podLogs);
    await volumes.unmount(uid);
    await cgroups.remove(uid);
    await removeTree(podFolder(settings, uid));
  };

  return {
    update(pod) {
      // What the API has of a static pod is a picture of it.
      if (isMirrorPod(pod)) return;
      const uid = podUid(pod);
      gone.delete(uid);
      statuses.observe(pod);
      const worker = workers.get(uid);
      if (worker !== undefined) {
        worker.update(pod);
        return;
      }
      const created = new PodWorker(pod, workerDependencies, adopted.has(uid) || pod.status?.phase === "Running");
      workers.set(uid, created);
      created.trigger();
    },
    remove(pod) {
      if (isMirrorPod(pod)) {
        statuses.mirrorLost(pod);
        return;
      }
      const uid = podUid(pod);
      const worker = workers.get(uid);
      if (worker === undefined) return;
      gone.add(uid);
      if (worker.state === "finished") drop(uid);
      else worker.terminate(pod.metadata?.deletionGracePeriodSeconds ?? pod.spec?.terminationGracePeriodSeconds ?? 30);
    },
    trigger: (uid, time) => workers.get(uid)?.trigger(time),
    get: (uid) => workers.get(uid),
    find(namespace, name) {
      let found: PodWorker | undefined;
      for (const worker of workers.values()) {
        const { metadata } = worker.pod;
        if (metadata?.namespace !== namespace || metadata.name !== name) continue;
        // Of several with the same name, the one that is not on its way out.
        if (found === undefined || worker.state === "syncing") found = worker;
      }
      return found;
    },
    workers: () => workers.values(),
    wanted: () =>
      [...workers.values()]
        .filter(({ pod, state }) => state !== "finished" && !gone.has(podUid(pod)))
        .map(({ pod }) => pod),
    async adopt() {
      adopted = await runtimeUids();
    },
    async removeDead(of) {
      for (const { pod, state } of of)
        if (state === "finished") await removePod(runtime, podUid(pod), settings.podLogs);
    },
    async removeOrphans() {
      const found = new Set([...(await runtimeUids()), ...(await volumes.list()), ...(await cgroups.list()).keys()]);
      for (const uid of found) {
        if (workers.has(uid)) continue;
        await removeOrphan(uid).catch((error) => log.warn("cannot remove orphan", { uid, error: errorChain(error) }));
      }
    },
    stop() {
      for (const worker of workers.values()) worker.stop();
    },
  };
}
