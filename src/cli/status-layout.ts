/** The forms of `mini status`, as minikube has them. */
import packageJson from "../../package.json" with { type: "json" };
import type { NodeStatus } from "../cluster/lifecycle/status.ts";
import type { Profile } from "../cluster/profile.ts";

/** A block with a blank line after it. */
export function statusText(node: NodeStatus): string {
  const lines = [
    node.Name,
    `type: ${node.Worker ? "Worker" : "Control Plane"}`,
    `host: ${node.Host}`,
    `kubelet: ${node.Kubelet}`,
    ...(node.Worker ? [] : [`apiserver: ${node.APIServer}`, `kubeconfig: ${node.Kubeconfig}`]),
  ];
  return `${lines.join("\n")}\n`;
}

const names: Readonly<Record<number, string>> = {
  100: "Starting",
  110: "Stopping",
  200: "OK",
  203: "Warning",
  204: "Degraded",
  404: "NotFound",
  405: "Stopped",
  418: "Paused",
  500: "Error",
  520: "Unknown",
};

const codes: Readonly<Record<string, number>> = {
  Running: 200,
  Configured: 200,
  Starting: 100,
  Stopping: 110,
  Nonexistent: 404,
  Stopped: 405,
  Paused: 418,
  Error: 500,
  Misconfigured: 500,
};

interface Component {
  readonly Name: string;
  readonly StatusCode: number;
  readonly StatusName: string;
}

export interface ClusterLayout extends Component {
  readonly BinaryVersion: string;
  readonly Components: Readonly<Record<string, Component>>;
  readonly Nodes: readonly (Component & { readonly Components: Readonly<Record<string, Component>> })[];
}

/** `--layout=cluster`: one code for all, and one for each part. */
export function clusterLayout(profile: Profile, nodes: readonly NodeStatus[]): ClusterLayout {
  const parts = nodes.map((node) => ({
    ...component(node.Name, codeOf(node.Host)),
    Components: {
      ...(node.Worker ? {} : { apiserver: component("apiserver", codeOf(node.APIServer)) }),
      kubelet: component("kubelet", codeOf(node.Kubelet)),
    },
  }));
  const controlPlane = nodes.find((node) => !node.Worker);
  const kubeconfig = component("kubeconfig", codeOf(controlPlane?.Kubeconfig ?? "Nonexistent"));
  const all = parts.flatMap((part) => [
    part.StatusCode,
    ...Object.values(part.Components).map((each) => each.StatusCode),
  ]);
  return {
    ...component(profile.name, summary([...all, kubeconfig.StatusCode], parts[0]?.StatusCode ?? 404)),
    BinaryVersion: `v${packageJson.version}`,
    Components: { kubeconfig },
    Nodes: parts,
  };
}

function summary(all: readonly number[], controlPlane: number): number {
  if (all.every((code) => code === 200)) return 200;
  return controlPlane === 200 ? 204 : controlPlane;
}

function codeOf(state: string): number {
  return codes[state] ?? 520;
}

function component(Name: string, StatusCode: number): Component {
  return { Name, StatusCode, StatusName: names[StatusCode] ?? "Unknown" };
}
