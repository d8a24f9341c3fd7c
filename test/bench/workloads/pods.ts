import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import { type Bench, drive, type Row, rowsOf, type Workload } from "../workload.ts";

const execute = promisify(execFile);
const mini = join(import.meta.dirname, "../../../dist/mini");

/**
 * 30 pods at once on one real node: a cluster of `dist/mini` on the runc driver. Upstream's side of it, its kubelet on
 * the same containerd, is not measured yet.
 */
export const pods: Workload = {
  name: "pods",
  title: "Start of 30 pods at once on one node",
  async run(bench) {
    if (!existsSync(mini)) throw new Error(`${mini} is missing; scripts/build makes it`);
    const folder = bench.newFolder("cluster");
    const environment = { ...process.env, MINI_HOME: folder, KUBECONFIG: join(folder, "kubeconfig") };
    const profile = `bench${process.pid}`;
    const command = async (...args: string[]) => await execute(mini, [...args, "-p", profile], { env: environment });
    try {
      await command("start", "--driver=runc", "--memory=4096");
      return await measure(bench, folder, profile);
    } finally {
      await command("delete");
    }
  },
};

async function measure(bench: Bench, folder: string, profile: string): Promise<Row[]> {
  const config = parse(readFileSync(join(folder, "kubeconfig"), "utf8")) as {
    clusters: { cluster: { server: string } }[];
  };
  const url = config.clusters[0]?.cluster.server ?? "";
  const server = { url, folder: join(folder, "profiles", profile, "pki") };
  const rounds = [];
  for (let round = 0; round < (bench.quick ? 1 : 5); round++)
    rounds.push(await drive(bench, server, ["-count", "30", "-clients", "16", "pods"]));
  const sides = { mini: rounds, upstream: [] };
  return [
    ...rowsOf(sides, { unit: "p50, ms", value: ({ p50 }) => p50 }),
    ...rowsOf(sides, { unit: "p99, ms", value: ({ p99 }) => p99 }),
  ];
}
