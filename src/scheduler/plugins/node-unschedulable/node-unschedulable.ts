import { unschedulableTaint } from "../../../kinds/core/node/taint-keys.ts";
import { isTolerated } from "../../../machinery/scheduling/tolerations.ts";
import type { Plugin } from "../../framework/types.ts";

const taint = { key: unschedulableTaint, effect: "NoSchedule" };

/** Cordoned nodes, unless the pod tolerates the taint that goes with it. */
export const nodeUnschedulable: Plugin = {
  name: "NodeUnschedulable",
  events: ["node-added", "node-taints", "pod-updated"],
  filter({ pod }) {
    if (isTolerated(taint, pod.spec?.tolerations)) return undefined;
    return ({ node }) =>
      node?.spec?.unschedulable === true ? { reasons: ["node(s) were unschedulable"], unresolvable: true } : undefined;
  },
};
