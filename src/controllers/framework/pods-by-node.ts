import { pods } from "../../client/resources.ts";
import type { Pod } from "../../kinds/generated/core-v1.ts";
import type { ControllerContext } from "./define-controller.ts";

const nodeNameIndex = "node-name";

/** Indexes pods for `podsOnNode`; call it in setUp. */
export function indexPodsByNode(context: ControllerContext): void {
  context.informers.of(pods).addIndex(nodeNameIndex, (pod) => (pod.spec?.nodeName ? [pod.spec.nodeName] : []));
}

/** The pods bound to a node, in all namespaces. */
export function podsOnNode(context: ControllerContext, nodeName: string): Pod[] {
  return context.lister(pods).byIndex(nodeNameIndex, nodeName);
}
