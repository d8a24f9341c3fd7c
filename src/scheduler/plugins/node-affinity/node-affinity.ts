import { compileNodeSelectorTerm, requiredNodeMatcher } from "../../../machinery/scheduling/node-selector.ts";
import { normalizeScores, type Plugin } from "../../framework/types.ts";

/** spec.nodeSelector and node affinity: required terms filter, preferred ones score. */
export const nodeAffinity: Plugin = {
  name: "NodeAffinity",
  weight: 2,
  events: ["node-added", "node-labels", "pod-updated"],
  filter({ pod }) {
    const matches = requiredNodeMatcher(pod.spec);
    if (matches === undefined) return undefined;
    return ({ node }) =>
      node !== undefined && matches(node)
        ? undefined
        : { reasons: ["node(s) didn't match Pod's node affinity/selector"], unresolvable: true };
  },
  scorer({ pod }) {
    const preferred = pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    if (preferred.length === 0) return undefined;
    // Unlike a required term, an empty preferred one matches every node.
    const terms = preferred.map(({ preference, weight }) => ({
      weight,
      matches:
        preference.matchExpressions?.length || preference.matchFields?.length
          ? compileNodeSelectorTerm(preference)
          : () => true,
    }));
    return {
      score: ({ node }) =>
        terms.reduce((sum, { weight, matches }) => sum + (node !== undefined && matches(node) ? weight : 0), 0),
      normalize: (scores) => normalizeScores(scores, false),
    };
  },
};
