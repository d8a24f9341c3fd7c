/**
 * Upstream's side: kube-apiserver, and where asked for kube-controller-manager and kube-scheduler, as
 * `scripts/compile-upstream --servers` made them, on Debian's etcd. Each in the defaults of its own flags.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { run, type Side, stopAll, untilReady, writePki } from "./server.ts";

const root = join(import.meta.dirname, "../../..");
const cache = join(root, ".cache/conformance");
const etcd = join(cache, "debian/etcd");
const binary = (name: string): string => join(cache, "bin", name);

/** Throws, saying what to run, where upstream's programs are not there. */
export function createUpstream(): Side {
  for (const path of [etcd, ...["kube-apiserver", "kube-controller-manager", "kube-scheduler"].map(binary)])
    if (!existsSync(path))
      throw new Error(`${path} is missing; scripts/compile-upstream --servers and scripts/conformance make it`);
  const etcdVersion = execFileSync(etcd, ["--version"]).toString().split("\n")[0];
  const modules = readFileSync(join(root, "test/conformance/go.mod"), "utf8");
  const version = /k8s\.io\/kubernetes (v\S+)/.exec(modules)?.[1];
  return {
    name: "upstream",
    description: `upstream ${version}, ${etcdVersion}, etcd's fsync on`,
    async start({ folder, parts }) {
      if (!existsSync(join(folder, "ca.crt"))) await writePki(folder);
      const [port, client, peer] = [await freePort(), await freePort(), await freePort()];
      const url = `https://127.0.0.1:${port}`;
      const store = `http://127.0.0.1:${client}`;
      const startedAt = performance.now();
      const processes = [
        run(folder, "etcd", [etcd, ...etcdFlags(folder, store, `http://127.0.0.1:${peer}`)]),
        run(folder, "kube-apiserver", [binary("kube-apiserver"), ...apiServerFlags(folder, port, store)]),
      ];
      await untilReady(url, folder, processes);
      const readyMs = performance.now() - startedAt;
      const kubeconfig = join(folder, "kubeconfig");
      await writeFile(kubeconfig, renderKubeconfig(url, folder));
      if (parts.includes("controller-manager"))
        processes.push(run(folder, "kcm", [binary("kube-controller-manager"), ...managerFlags(folder, kubeconfig)]));
      if (parts.includes("scheduler"))
        processes.push(run(folder, "scheduler", [binary("kube-scheduler"), ...clientFlags(kubeconfig)]));
      return { url, folder, readyMs, processes, stop: () => stopAll(processes) };
    },
  };
}

function etcdFlags(folder: string, client: string, peer: string): string[] {
  return [
    `--data-dir=${join(folder, "etcd")}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    "--log-level=error",
  ];
}

function apiServerFlags(folder: string, port: number, store: string): string[] {
  const file = (name: string): string => join(folder, name);
  return [
    `--etcd-servers=${store}`,
    "--bind-address=127.0.0.1",
    "--advertise-address=10.0.0.1",
    `--secure-port=${port}`,
    `--tls-cert-file=${file("serving.crt")}`,
    `--tls-private-key-file=${file("serving.key")}`,
    `--client-ca-file=${file("ca.crt")}`,
    "--authorization-mode=Node,RBAC",
    "--service-cluster-ip-range=10.96.0.0/12",
    "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
    `--service-account-key-file=${file("service-account.pub")}`,
    `--service-account-signing-key-file=${file("service-account.key")}`,
    "--allow-privileged=true",
  ];
}

const clientFlags = (kubeconfig: string): string[] => [
  `--kubeconfig=${kubeconfig}`,
  "--leader-elect=false",
  "--secure-port=0",
];

function managerFlags(folder: string, kubeconfig: string): string[] {
  const file = (name: string): string => join(folder, name);
  return [
    ...clientFlags(kubeconfig),
    "--use-service-account-credentials=true",
    `--service-account-private-key-file=${file("service-account.key")}`,
    `--root-ca-file=${file("ca.crt")}`,
    `--cluster-signing-cert-file=${file("ca.crt")}`,
    `--cluster-signing-key-file=${file("ca.key")}`,
    "--allocate-node-cidrs=true",
    "--cluster-cidr=10.244.0.0/16",
  ];
}

function renderKubeconfig(server: string, folder: string): string {
  const file = (name: string): string => join(folder, name);
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "bench", cluster: { server, "certificate-authority": file("ca.crt") } }],
    users: [{ name: "admin", user: { "client-certificate": file("admin.crt"), "client-key": file("admin.key") } }],
    contexts: [{ name: "bench", context: { cluster: "bench", user: "admin" } }],
    "current-context": "bench",
  });
}
