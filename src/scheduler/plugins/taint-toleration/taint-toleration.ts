import { findUntolerated, isTolerated, schedulingEffects } from "../../../machinery/scheduling/tolerations.ts";
import { normalizeScores, type Plugin } from "../../framework/types.ts";

/** Nodes whose taints the pod does not tolerate; of the others, those with few PreferNoSchedule taints are better. */
export const taintToleration: Plugin = {
  name: "TaintToleration",
  weight: 3,
  events: ["node-added", "node-taints", "pod-updated"],
  filter({ pod }) {
    const tolerations = pod.spec?.tolerations;
    return ({ node }) =>
      findUntolerated(node?.spec?.taints, tolerations, schedulingEffects) === undefined
        ? undefined
        : { reasons: ["node(s) had untolerated taint(s)"], unresolvable: true };
  },
  scorer({ pod }, nodes) {
    const soft = nodes.some(({ node }) => node?.spec?.taints?.some((taint) => taint.effect === "PreferNoSchedule"));
    if (!soft) return undefined;
    const tolerations = pod.spec?.tolerations?.filter(
      (toleration) => !toleration.effect || toleration.effect === "PreferNoSchedule",
    );
    return {
      score: ({ node }) =>
        (node?.spec?.taints ?? []).filter(
          (taint) => taint.effect === "PreferNoSchedule" && !isTolerated(taint, tolerations),
        ).length,
      normalize: (scores) => normalizeScores(scores, true),
    };
  },
};
