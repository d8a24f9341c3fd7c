/** `mini status`: what runs, asked without changing anything and without a password. */

import type { MachineState } from "../../drivers/driver.ts";
import { loadDriver } from "../../drivers/index.ts";
import { connectApiServer } from "../api-server.ts";
import { type MiniError, toMiniError } from "../errors.ts";
import { contextState } from "../kubeconfig.ts";
import { apiServerUrl, loadProfile, type Profile, type ProfileNode } from "../profile.ts";
import { machineState } from "./machine-states.ts";

/** Fields and values are minikube's, in its order. */
export interface NodeStatus {
  readonly Name: string;
  readonly Host: MachineState;
  readonly Kubelet: "Running" | "Stopped" | "Nonexistent" | "Paused";
  readonly APIServer: "Running" | "Stopped" | "Error" | "Nonexistent" | "Paused" | "Irrelevant";
  readonly Kubeconfig: "Configured" | "Misconfigured" | "Stopped" | "Nonexistent" | "Irrelevant";
  readonly Worker: boolean;
}

const bits = { host: 1, cluster: 2, kubeconfig: 4 } as const;
/** An emulated node that has much to do takes seconds for a TLS handshake. What is not there refuses at once. */
const probeMs = 10_000;
const kubeletPort = 10_250;

export interface ClusterStatus {
  readonly profile: Profile;
  readonly nodes: NodeStatus[];
  /** Why a host is `Error`, where the driver could not be asked. */
  readonly problem: MiniError | undefined;
}

export async function clusterStatus(name: string): Promise<ClusterStatus> {
  const profile = await loadProfile(name);
  const driver = await loadDriver(profile.driver);
  let problem: MiniError | undefined;
  const nodes = await Promise.all(
    profile.nodes.map(async (node) => {
      const state = await machineState(driver, profile.name, node).catch((error: unknown) => {
        problem = toMiniError(error);
        return "Error" as const;
      });
      return nodeStatus(profile, node, state);
    }),
  );
  return { profile, nodes, problem };
}

/** 1 a host does not run, 2 a kubelet or the API server does not, 4 the kubeconfig leads elsewhere; added up. */
export function statusExitCode(nodes: readonly NodeStatus[]): number {
  let code = 0;
  for (const node of nodes) {
    if (node.Host !== "Running") code |= bits.host;
    if (node.Kubelet !== "Running" || !["Running", "Irrelevant"].includes(node.APIServer)) code |= bits.cluster;
    if (!["Configured", "Irrelevant"].includes(node.Kubeconfig)) code |= bits.kubeconfig;
  }
  return code;
}

async function nodeStatus(profile: Profile, node: ProfileNode, host: MachineState): Promise<NodeStatus> {
  const Worker = node.role === "worker";
  if (host !== "Running") {
    const down = host === "Nonexistent" ? "Nonexistent" : host === "Paused" ? "Paused" : "Stopped";
    const APIServer = Worker ? "Irrelevant" : down;
    const Kubeconfig = Worker ? "Irrelevant" : down === "Paused" ? await kubeconfig(profile) : down;
    return { Name: node.name, Host: host, Kubelet: down, APIServer, Kubeconfig, Worker };
  }
  const [Kubelet, APIServer, Kubeconfig] = await Promise.all([
    probeKubelet(profile, node),
    Worker ? ("Irrelevant" as const) : probeApiServer(profile),
    Worker ? ("Irrelevant" as const) : kubeconfig(profile),
  ]);
  return { Name: node.name, Host: host, Kubelet, APIServer, Kubeconfig, Worker };
}

function kubeconfig(profile: Profile): Promise<"Configured" | "Misconfigured"> {
  return contextState(profile.name, apiServerUrl(profile));
}

async function probeApiServer(profile: Profile): Promise<"Running" | "Stopped" | "Error"> {
  try {
    using api = await connectApiServer(profile);
    const { status } = await api.get("/readyz", { timeoutMs: probeMs });
    return status === 200 ? "Running" : "Error";
  } catch {
    return "Stopped";
  }
}

/** Any HTTP answer says that it runs; what it answers is between it and the API server. */
async function probeKubelet(profile: Profile, node: ProfileNode): Promise<"Running" | "Stopped"> {
  try {
    using kubelet = await connectApiServer(profile, `https://${node.address}:${kubeletPort}`);
    await kubelet.get("/healthz", { timeoutMs: probeMs });
    return "Running";
  } catch {
    return "Stopped";
  }
}
