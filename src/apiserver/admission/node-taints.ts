import { notReadyTaint, unreachableTaint } from "../../kinds/core/node/taint-keys.ts";
import type { Node, Pod, Toleration } from "../../kinds/generated/core-v1.ts";
import type { AdmissionPlugin } from "../types.ts";
import { concerns } from "./request.ts";

/** How long pods stay on a node that is not ready or cannot be reached. */
const defaultTolerationSecondsValue = 300;

/** New nodes take no pods until the node lifecycle controller saw them ready. */
export const taintNodesByCondition: AdmissionPlugin = {
  name: "TaintNodesByCondition",
  admit(request) {
    if (!concerns(request, "", "nodes", { operations: ["CREATE"] })) return;
    const node = request.object as Node;
    node.spec ??= {};
    const taints = node.spec.taints ?? [];
    if (taints.some((taint) => taint.key === notReadyTaint && taint.effect === "NoSchedule")) return;
    node.spec.taints = [...taints, { effect: "NoSchedule", key: notReadyTaint }];
  },
};

/** Pods tolerate a node's failure for five minutes unless they say otherwise. */
export const defaultTolerationSeconds: AdmissionPlugin = {
  name: "DefaultTolerationSeconds",
  admit(request) {
    if (!concerns(request, "", "pods", { operations: ["CREATE", "UPDATE"] })) return;
    const spec = (request.object as Pod | undefined)?.spec;
    if (spec === undefined) return;
    const given = spec.tolerations ?? [];
    const missing = [notReadyTaint, unreachableTaint].filter(
      (key) => !given.some((toleration) => namesTaint(toleration, key)),
    );
    if (missing.length === 0) return;
    spec.tolerations = [
      ...given,
      ...missing.map((key) => ({
        effect: "NoExecute",
        key,
        operator: "Exists",
        tolerationSeconds: defaultTolerationSecondsValue,
      })),
    ];
  },
};

/** By key and effect alone, as upstream asks here: a toleration of another value counts. */
function namesTaint({ key, effect }: Toleration, taint: string): boolean {
  return (!key || key === taint) && (!effect || effect === "NoExecute");
}
