import { createImageLocality } from "../plugins/image-locality/image-locality.ts";
import { createInterPodAffinity } from "../plugins/inter-pod-affinity/inter-pod-affinity.ts";
import { nodeAffinity } from "../plugins/node-affinity/node-affinity.ts";
import { nodeName } from "../plugins/node-name/node-name.ts";
import { nodePorts } from "../plugins/node-ports/node-ports.ts";
import { nodeResourcesBalancedAllocation } from "../plugins/node-resources/balanced-allocation.ts";
import { nodeResourcesFit } from "../plugins/node-resources/fit.ts";
import { nodeUnschedulable } from "../plugins/node-unschedulable/node-unschedulable.ts";
import { createPodTopologySpread } from "../plugins/pod-topology-spread/pod-topology-spread.ts";
import { schedulingGates } from "../plugins/scheduling-gates/scheduling-gates.ts";
import { taintToleration } from "../plugins/taint-toleration/taint-toleration.ts";
import { createVolumeBinding } from "../plugins/volume-binding/volume-binding.ts";
import { createVolumeRestrictions } from "../plugins/volume-restrictions/volume-restrictions.ts";
import type { Plugin, PluginHandle } from "./types.ts";

/** Upstream's default profile, in its order. */
export function createDefaultPlugins(handle: PluginHandle): readonly Plugin[] {
  return [
    schedulingGates,
    nodeUnschedulable,
    nodeName,
    taintToleration,
    nodeAffinity,
    nodePorts,
    nodeResourcesFit,
    createVolumeRestrictions(handle),
    createVolumeBinding(handle),
    createPodTopologySpread(handle),
    createInterPodAffinity(handle),
    nodeResourcesBalancedAllocation,
    createImageLocality(handle),
  ];
}
