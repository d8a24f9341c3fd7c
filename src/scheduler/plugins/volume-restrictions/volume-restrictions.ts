import { persistentVolumeClaims } from "../../../client/resources.ts";
import { claimNames } from "../../../kinds/core/pod/claim-names.ts";
import type { PodInfo } from "../../cache/pod-info.ts";
import type { Plugin, PluginHandle } from "../../framework/types.ts";

/** A claim of access mode ReadWriteOncePod is used by one pod in the cluster. */
export function createVolumeRestrictions({ cache, informers }: PluginHandle): Plugin {
  const claims = informers.of(persistentVolumeClaims).lister;
  const exclusiveClaims = (pod: PodInfo): string[] =>
    claimNames(pod.pod).filter((name) =>
      claims.get(name, pod.namespace)?.spec?.accessModes?.includes("ReadWriteOncePod"),
    );
  return {
    name: "VolumeRestrictions",
    events: ["assigned-pod-deleted", "volume"],
    filter(pod) {
      const exclusive = exclusiveClaims(pod);
      if (exclusive.length === 0) return undefined;
      return (node) => {
        for (const other of node.pods.values()) {
          if (other.namespace === pod.namespace && claimNames(other.pod).some((name) => exclusive.includes(name))) {
            const reason =
              "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod";
            return { reasons: [reason] };
          }
        }
        // One that runs elsewhere rules out every node but its own, where preemption may help.
        return cache.nodes.some((elsewhere) => elsewhere !== node && usesAny(elsewhere.pods.values(), pod, exclusive))
          ? {
              reasons: [
                "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod",
              ],
            }
          : undefined;
      };
    },
  };
}

function usesAny(pods: Iterable<PodInfo>, { namespace }: PodInfo, names: readonly string[]): boolean {
  for (const pod of pods) {
    if (pod.namespace === namespace && claimNames(pod.pod).some((name) => names.includes(name))) return true;
  }
  return false;
}
