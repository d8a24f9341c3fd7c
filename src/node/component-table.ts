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
const controlPlaneOnly = ["control-plane"] as const;

const controlPlane = () => import("./components/control-plane.ts");
const agent = () => import("./components/agent.ts");

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
  {
    name: "certificates",
    process: "control-plane",
    roles: controlPlaneOnly,
    after: [],
    load: async () => (await controlPlane()).createControlPlaneCertificates(),
  },
  {
    name: "apiserver",
    process: "control-plane",
    roles: controlPlaneOnly,
    after: [],
    load: async (config) => (await controlPlane()).createApiServerComponent(config),
  },
  {
    name: "controller-manager",
    process: "control-plane",
    roles: controlPlaneOnly,
    after: ["apiserver"],
    load: async (config) => (await controlPlane()).createControllersComponent(config),
  },
  {
    name: "scheduler",
    process: "control-plane",
    roles: controlPlaneOnly,
    after: ["apiserver"],
    load: async (config) => (await controlPlane()).createSchedulerComponent(config),
  },
  {
    name: "dns-service",
    process: "control-plane",
    roles: controlPlaneOnly,
    after: ["apiserver"],
    load: async (config) => (await controlPlane()).createDnsServiceComponent(config),
  },
  {
    name: "control-plane-label",
    process: "control-plane",
    roles: controlPlaneOnly,
    after: ["apiserver"],
    load: async (config) => (await controlPlane()).createControlPlaneLabelComponent(config),
  },
  {
    name: "agent-certificates",
    process: "agent",
    roles: everyNode,
    after: [],
    load: async () => (await agent()).createAgentCertificates(),
  },
  {
    name: "kubelet",
    process: "agent",
    roles: everyNode,
    after: ["containerd", "carried-images"],
    load: async (config) => (await agent()).createKubeletComponent(config),
  },
  {
    name: "kube-proxy",
    process: "agent",
    roles: everyNode,
    after: [],
    load: async (config) => (await agent()).createProxyComponent(config),
  },
  {
    name: "host-resolver",
    process: "agent",
    roles: everyNode,
    after: [],
    load: async (config) => (await agent()).createHostResolverComponent(config),
  },
  {
    name: "cluster-dns",
    process: "agent",
    roles: everyNode,
    after: [],
    load: async (config) => (await agent()).createDnsComponent(config),
  },
  {
    name: "pod-routes",
    process: "agent",
    roles: everyNode,
    after: [],
    load: async (config) => (await agent()).createRoutesComponent(config),
  },
];

export function componentsOf(process: ProcessName, role: NodeConfig["role"]): readonly TableEntry[] {
  return componentTable.filter((entry) => entry.process === process && entry.roles.includes(role));
}
