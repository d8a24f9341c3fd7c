/**
 * Upstream's side: kube-apiserver, and where asked for kube-controller-manager and kube-scheduler, as
 * `scripts/compile-upstream --servers` made them, on Debian's etcd. Each in the defaults of its own flags, but for the
 * limit of requests that scheduler and controller manager set themselves.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { run, type Side, stopAll, untilReady, writePki } from "./server.ts";
import { apiServerFlags, etcdFlags, managerFlags, renderKubeconfig, schedulerFlags } from "./upstream-flags.ts";

const root = join(import.meta.dirname, "../../..");
const cache = join(root, ".cache/conformance");
const names = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet"] as const;

/** Paths of upstream's programs on this machine. */
export const upstreamPrograms = {
  etcd: join(cache, "debian/etcd"),
  ...(Object.fromEntries(names.map((name) => [name, join(cache, "bin", name)])) as Record<
    (typeof names)[number],
    string
  >),
};

/** Throws, saying what to run, where upstream's programs are not there. */
export function createUpstream(): Side {
  const programs = upstreamPrograms;
  for (const path of Object.values(programs))
    if (!existsSync(path))
      throw new Error(`${path} is missing; scripts/compile-upstream --servers and scripts/conformance make it`);
  const etcdVersion = execFileSync(programs.etcd, ["--version"]).toString().split("\n")[0];
  const modules = readFileSync(join(root, "test/conformance/go.mod"), "utf8");
  const version = /k8s\.io\/kubernetes (v\S+)/.exec(modules)?.[1];
  return {
    name: "upstream",
    description: `upstream ${version}, ${etcdVersion}, etcd's fsync on, --kube-api-qps=5000 for scheduler and controller manager`,
    async start({ folder, parts }) {
      if (!existsSync(join(folder, "ca.crt"))) await writePki(folder);
      const [port, client, peer] = [await freePort(), await freePort(), await freePort()];
      const url = `https://127.0.0.1:${port}`;
      const store = {
        folder: join(folder, "etcd"),
        client: `http://127.0.0.1:${client}`,
        peer: `http://127.0.0.1:${peer}`,
      };
      const address = { bind: "127.0.0.1", advertise: "10.0.0.1", port };
      const flags = apiServerFlags({ store: store.client, ...address, pki: folder, serving: "serving" });
      const startedAt = performance.now();
      const processes = [
        run(folder, "etcd", [programs.etcd, ...etcdFlags(store)]),
        run(folder, "kube-apiserver", [programs["kube-apiserver"], ...flags]),
      ];
      await untilReady(url, folder, processes);
      const readyMs = performance.now() - startedAt;
      const kubeconfig = join(folder, "kubeconfig");
      await writeFile(kubeconfig, renderKubeconfig(url, folder, "admin"));
      if (parts.includes("controller-manager"))
        processes.push(run(folder, "kcm", [programs["kube-controller-manager"], ...managerFlags(folder, kubeconfig)]));
      if (parts.includes("scheduler"))
        processes.push(run(folder, "scheduler", [programs["kube-scheduler"], ...schedulerFlags(kubeconfig)]));
      return { url, folder, readyMs, processes, stop: () => stopAll(processes) };
    },
  };
}
