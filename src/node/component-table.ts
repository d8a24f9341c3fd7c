/**
 * Which component runs in which process and on which nodes: the one table that decides it. `load` imports the
 * component's code when its process starts it, so that a process pays only for what it runs.
 */
import type { Component } from "../lib/component.ts";
import type { NodeConfig } from "./config.ts";
import type { ProcessName } from "./state.ts";

export interface TableEntry {
  readonly name: string;
  readonly process: ProcessName;
  readonly roles: readonly NodeConfig["role"][];
  /** Components that must run before this one is started for the first time. */
  readonly after: readonly string[];
  readonly load: (config: NodeConfig) => Promise<Component>;
}

const everyNode = ["control-plane", "worker"] as const;

export const componentTable: readonly TableEntry[] = [
  {
    name: "containerd",
    process: "agent",
    roles: everyNode,
    after: [],
    load: async () => (await import("./components/containerd.ts")).createContainerdWatch(),
  },
  {
    name: "carried-images",
    process: "agent",
    roles: everyNode,
    after: ["containerd"],
    load: async () => (await import("./components/containerd.ts")).createCarriedImages(),
  },
];

export function componentsOf(process: ProcessName, role: NodeConfig["role"]): readonly TableEntry[] {
  return componentTable.filter((entry) => entry.process === process && entry.roles.includes(role));
}
