import type { Plugin } from "../../framework/types.ts";

/** Host ports that another pod on the node has taken. */
export const nodePorts: Plugin = {
  name: "NodePorts",
  events: ["node-added", "assigned-pod-deleted"],
  filter({ hostPorts }) {
    if (hostPorts.length === 0) return undefined;
    return (node) =>
      hostPorts.some((port) => node.hasPort(port))
        ? { reasons: ["node(s) didn't have free ports for the requested pod ports"] }
        : undefined;
  },
};
