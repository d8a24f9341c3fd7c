/**
 * Both sides as whole clusters of one node: mini's two processes, and upstream's etcd, kube-apiserver,
 * kube-controller-manager, kube-scheduler and kubelet, each in a node of its own from the same image (servers/node.ts).
 */
import type { ChildProcess } from "node:child_process";
import { copyFileSync, linkSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Bench } from "../workload.ts";
import { type BenchNode, createNode } from "./node.ts";
import { stopAll, untilAnswer, untilReady } from "./server.ts";
import { upstreamPrograms } from "./upstream.ts";
import { apiServerFlags, etcdFlags, managerFlags, renderKubeconfig, schedulerFlags } from "./upstream-flags.ts";

export interface NodeSide {
  readonly node: BenchNode;
  /** On an empty store; resolves when the node is Ready. One at a time. */
  readonly start: () => Promise<Cluster>;
}

export interface Cluster {
  readonly url: string;
  readonly folder: string;
  readonly node: BenchNode;
  /** From the first process's start to the node's condition Ready. */
  readonly nodeReadyMs: number;
  readonly stop: () => Promise<void>;
}

/** What differs from upstream's defaults, for the report. */
export const nodeConditions =
  "nodes: runc containers of mini's image, containerd running, reached over a bridge; upstream's kubelet with " +
  "failCgroupV1=false, failSwapOn=false and cgroupDriver=cgroupfs, without kube-proxy and CoreDNS, whose like mini runs";

const signals = ["SIGINT", "SIGTERM"] as const;

/** Makes a node for each side, and removes them whatever becomes of the work; after Ctrl-C, ends the program. */
export async function withNodes<T>(
  bench: Bench,
  work: (sides: readonly [mini: NodeSide, upstream: NodeSide]) => Promise<T>,
): Promise<T> {
  const home = bench.newFolder("nodes");
  const made: Promise<BenchNode>[] = [];
  const make = (name: string): Promise<BenchNode> => {
    const node = createNode(home, `bench-${name}-${process.pid}`);
    made.push(node);
    return node;
  };
  const removeAll = async (): Promise<void> => {
    // One that could not be made has removed itself.
    for (const node of await Promise.allSettled(made)) if (node.status === "fulfilled") await node.value.remove();
  };
  let removed: Promise<void> | undefined;
  // Once: an interrupt also makes the work fail.
  const remove = (): Promise<void> => (removed ??= removeAll());
  const interrupt = (): void => {
    remove().then(
      () => process.exit(130),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  for (const signal of signals) process.once(signal, interrupt);
  try {
    return await work([
      miniSide(await make("mini"), bench.newFolder("mini")),
      upstreamSide(await make("upstream"), bench.newFolder("upstream")),
    ]);
  } finally {
    for (const signal of signals) process.off(signal, interrupt);
    await remove();
  }
}

/** A cluster in its first moments. */
interface Launch {
  readonly node: BenchNode;
  /** For logs and the client's certificates. */
  readonly folder: string;
  /** Empties the store. */
  readonly clear: string;
  /** All that starts at once. */
  readonly first: () => ChildProcess[];
  /** What starts when the API server is ready. */
  readonly afterwards: () => ChildProcess[];
}

async function launch({ node, folder, clear, first, afterwards }: Launch): Promise<Cluster> {
  for (const name of ["ca.crt", "admin.crt", "admin.key"]) copyFileSync(join(node.pki, name), join(folder, name));
  await node.shell(clear);
  const url = `https://${node.address}:${node.port}`;
  const startedAt = performance.now();
  const processes = first();
  await untilReady(url, folder, processes);
  processes.push(...afterwards());
  await untilAnswer({ url: `${url}/api/v1/nodes/${node.name}`, folder, processes, accepts: isReady });
  const nodeReadyMs = performance.now() - startedAt;
  return { url, folder, node, nodeReadyMs, stop: () => stopAll(processes) };
}

function isReady(body: string): boolean {
  const { status } = JSON.parse(body) as { status: { conditions?: { type: string; status: string }[] } };
  return status.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True") === true;
}

/** As mini's init starts them; the control plane itself lets its controllers wait for the API server. */
function miniSide(node: BenchNode, folder: string): NodeSide {
  const service = (name: string) => node.run(folder, name, ["/usr/lib/mini/run", name]);
  const first = () => [service("control-plane"), service("agent")];
  const launched = { node, folder, clear: "rm -rf /var/lib/mini/store", first, afterwards: () => [] };
  return { node, start: () => launch(launched) };
}

function upstreamSide(node: BenchNode, folder: string): NodeSide {
  const here = "/var/bench";
  const pki = "/mini/seed/pki";
  const shared = join(node.data, "bench");
  mkdirSync(shared);
  for (const [name, path] of Object.entries(upstreamPrograms)) linkOrCopy(path, join(shared, name));
  const server = `https://${node.address}:${node.port}`;
  for (const user of ["admin", "kubelet-client"])
    writeFileSync(join(shared, `${user}.conf`), renderKubeconfig(server, pki, user));
  writeFileSync(join(shared, "kubelet.yaml"), JSON.stringify(kubeletConfiguration(pki)));
  const program = (name: keyof typeof upstreamPrograms, flags: readonly string[]) =>
    node.run(folder, name, [`${here}/${name}`, ...flags]);
  const store = { folder: `${here}/store`, client: "http://127.0.0.1:2379", peer: "http://127.0.0.1:2380" };
  const address = { bind: "0.0.0.0", advertise: node.address, port: node.port };
  const admin = `${here}/admin.conf`;
  const launched: Launch = {
    node,
    folder,
    clear: `rm -rf ${store.folder}`,
    first: () => [
      program("etcd", etcdFlags(store)),
      program("kube-apiserver", apiServerFlags({ store: store.client, ...address, pki, serving: "apiserver" })),
      program("kubelet", [`--config=${here}/kubelet.yaml`, `--kubeconfig=${here}/kubelet-client.conf`]),
    ],
    afterwards: () => [
      program("kube-controller-manager", managerFlags(pki, admin)),
      program("kube-scheduler", schedulerFlags(admin)),
    ],
  };
  return { node, start: () => launch(launched) };
}

/** kubelet.config.k8s.io/v1beta1: defaults, but for where things are, and what a host with cgroups v1 or swap needs. */
function kubeletConfiguration(pki: string): unknown {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock",
    cgroupDriver: "cgroupfs",
    failCgroupV1: false,
    failSwapOn: false,
    tlsCertFile: join(pki, "kubelet.crt"),
    tlsPrivateKeyFile: join(pki, "kubelet.key"),
    authentication: { x509: { clientCAFile: join(pki, "ca.crt") } },
    clusterDNS: ["10.96.0.10"],
    clusterDomain: "cluster.local",
  };
}

/** Half a gigabyte would keep the disk busy while its syncs are measured. */
function linkOrCopy(source: string, target: string): void {
  try {
    linkSync(source, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EXDEV") throw error;
    copyFileSync(source, target);
  }
}
