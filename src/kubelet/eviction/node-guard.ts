/**
 * Keeps a node fit for its pods: says what is kept back for the node itself, which pressure it is under and which pods it
 * takes in meanwhile; removes images nobody uses, and evicts pods. Fed by the kubelet's flags and the machine; feeds the
 * node's status, the admission of pods and their workers.
 */
import type { Node, Pod } from "../../kinds/generated/core-v1.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/log.ts";
import type { ImageService } from "../cri/image-service.ts";
import type { RuntimeService } from "../cri/runtime-service.ts";
import { createImageCollector, imageShares } from "../images/image-collector.ts";
import type { Machine } from "../node/machine.ts";
import type { NodeStatusInput } from "../node/node-status.ts";
import type { PodManager } from "../pods/pod-manager.ts";
import type { Verdict } from "../pods/pod-worker.ts";
import type { Cgroups } from "../resources/cgroups.ts";
import type { KubeletSettings } from "../settings.ts";
import type { Counters } from "../stats/counters.ts";
import { evictPods } from "./eviction.ts";
import { readObservations } from "./observations.ts";
import { createPressure } from "./pressure.ts";
import { evictionSettings } from "./settings.ts";
import { reservation } from "./thresholds.ts";

export interface NodeGuardInput {
  /** The kubelet's, by name. */
  readonly flags: Readonly<Record<string, string>>;
  /** Others fill the node's disk as well: how full it is says nothing of the pods. */
  readonly diskIsShared: boolean;
  readonly machine: Pick<Machine, "memory" | "disk">;
  readonly clock: Clock;
}

export interface NodeGuard {
  readonly reserved: NodeStatusInput["reserved"];
  pressure(): NodeStatusInput["pressure"];
  /** Why the node takes no such pod in now; undefined: it does. */
  refuse(pod: Pod): Verdict | undefined;
  /** Works until the signal aborts. */
  start(parts: GuardedParts): void;
}

export interface GuardedParts {
  readonly runtime: Pick<RuntimeService, "listContainerStats" | "listContainers">;
  readonly images: ImageService;
  /** Ids of images that are mounted as volumes. */
  mountedImages(): Promise<ReadonlySet<string>>;
  readonly cgroups: Cgroups;
  readonly manager: PodManager;
  readonly settings: Pick<KubeletSettings, "root" | "podLogs">;
  readonly counters: Counters;
  readonly log: Logger;
  readonly signal: AbortSignal;
  event(about: Pod | Node, type: "Warning", reason: string, message: string): void;
  node(): Node | undefined;
}

const settleMs = 1000;

/** Throws an Error that names the flag that is wrong. */
export function createNodeGuard({ flags, diskIsShared, machine, clock }: NodeGuardInput): NodeGuard {
  const { thresholds, transitionMs } = evictionSettings(flags, diskIsShared);
  const shares = imageShares(flags, diskIsShared);
  const pressure = createPressure(clock, transitionMs);
  return {
    reserved: {
      memory: reservation(thresholds, "memory.available", machine.memory),
      disk: reservation(thresholds, "nodefs.available", machine.disk),
    },
    pressure: () => ({
      memory: pressure.has("MemoryPressure"),
      disk: pressure.has("DiskPressure"),
      processes: pressure.has("PIDPressure"),
    }),
    refuse: (pod) => pressure.refuse(pod),
    start(parts) {
      const { settings, manager, signal } = parts;
      const collector = createImageCollector({ ...parts, mounted: () => parts.mountedImages(), shares, clock });
      let images: Promise<string> | undefined;
      const imageFolder = (): Promise<string> => {
        images ??= collector.folder();
        images.catch(() => {
          images = undefined;
        });
        return images;
      };
      void collector.run(signal);
      void evictPods({
        ...parts,
        thresholds,
        pressure,
        clock,
        observe: () => readObservations(thresholds, { root: settings.root, imageFolder }),
        async reclaimDisk() {
          await manager.removeDead(manager.workers());
          await collector.removeUnused();
          // The runtime takes the layers of removed containers off the disk in the background.
          await clock.sleep(settleMs, signal);
        },
      });
    },
  };
}
