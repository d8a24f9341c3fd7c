/**
 * Labels the control plane's node as such. A kubelet may not give itself a role (NodeRestriction), so this runs beside
 * the API server, once the node has registered.
 */
import { nodes } from "../../client/resources.ts";
import type { Client, Informers } from "../../client/types.ts";
import type { Node } from "../../kinds/generated/core-v1.ts";
import type { Component } from "../../lib/component.ts";
import { createLogger } from "../../lib/log.ts";

const label = "node-role.kubernetes.io/control-plane";

export function createControlPlaneLabel(client: Client, informers: Informers, nodeName: string): Component {
  const log = createLogger("control-plane-label");
  return {
    name: "control-plane-label",
    async start(signal) {
      const informer = informers.of(nodes);
      const check = (node: Node): void => {
        if (node.metadata?.name !== nodeName || node.metadata.labels?.[label] !== undefined) return;
        const patch = { metadata: { labels: { [label]: "" } } };
        // A failure is mended by the next change of the node, at the latest its next status.
        client
          .of(nodes)
          .patch(nodeName, patch, { type: "merge" })
          .catch((error: unknown) => log.error("cannot label the node", { error }));
      };
      const unsubscribe = informer.subscribe({ added: check, updated: check });
      await informer.synced();
      const done = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
      return { done: done.then(unsubscribe) };
    },
  };
}
