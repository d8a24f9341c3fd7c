/**
 * A node for the workloads that need one: a runc container that dist/mini made, with containerd, network and the images
 * that mini's node image carries. Init in it is told to leave mini's own processes out, so that either side's programs
 * are started, and timed, in the same way: by `run`, above a containerd that is there already.
 */
import { type ChildProcess, execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { NodeConfig } from "../../../src/node/config.ts";
import { run } from "./server.ts";

const execute = promisify(execFile);
const mini = join(import.meta.dirname, "../../../dist/mini");
const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export interface BenchNode {
  readonly name: string;
  readonly address: string;
  /** Where the API server of either side listens. */
  readonly port: number;
  /** The cluster's certificates, on this machine; /mini/seed/pki in the node. */
  readonly pki: string;
  /** The node's /var, on this machine. */
  readonly data: string;
  /** Starts a program in the node, its output in `NAME.log` of the folder. */
  readonly run: (folder: string, name: string, command: readonly string[]) => ChildProcess;
  /** Runs a shell script in the node. */
  readonly shell: (script: string) => Promise<string>;
  /** Processor time so far of everything in the node, its pods included. */
  readonly processorSeconds: () => number;
  readonly remove: () => Promise<void>;
}

/** `folder` becomes MINI_HOME; nodes may share one. */
export async function createNode(folder: string, name: string): Promise<BenchNode> {
  if (!existsSync(mini)) throw new Error(`${mini} is missing; scripts/build makes it`);
  const environment = { ...process.env, MINI_HOME: folder, KUBECONFIG: join(folder, "kubeconfig") };
  const command = async (...args: string[]) => await execute(mini, [...args, "-p", name], { env: environment });
  const inside = ["--root", "/run/mini/runc", "exec", "--cwd", "/", "--env", path, name];
  const shell = async (script: string) => (await execute("runc", [...inside, "sh", "-c", script])).stdout;
  const remove = async (): Promise<void> => {
    await command("delete");
  };
  try {
    await command("start", "--driver=runc", "--memory=4096", "--wait=node_ready");
    await shell(leaveMiniOut);
    const { network, controlPlane } = JSON.parse(await shell("cat /mini/seed/config.json")) as NodeConfig;
    const profile = join(folder, "profiles", name);
    return {
      name,
      address: network.address.split("/")[0] ?? "",
      port: controlPlane.port,
      pki: join(profile, "pki"),
      data: join(profile, "machines", name, "data"),
      run: (logs, program, words) => run(logs, program, ["runc", ...inside, ...words]),
      shell,
      processorSeconds: () => processorSeconds(name),
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Init ends what its table no longer has. */
const leaveMiniOut = `sed -i '/run agent/d;/run control-plane/d' /etc/inittab
kill -HUP 1
for pid in $(cat /run/mini/agent.pid /run/mini/control-plane.pid); do
  tries=0
  while [ -d /proc/$pid ]; do
    tries=$((tries + 1))
    [ $tries -lt 200 ] || { echo "process $pid of mini does not end" >&2; exit 1; }
    usleep 50000
  done
done`;

function processorSeconds(name: string): number {
  const first = `/sys/fs/cgroup/cpuacct/mini/${name}/cpuacct.usage`;
  if (existsSync(first)) return Number(readFileSync(first, "utf8")) / 1e9;
  const second = readFileSync(`/sys/fs/cgroup/mini/${name}/cpu.stat`, "utf8");
  return Number(/^usage_usec (\d+)/m.exec(second)?.[1]) / 1e6;
}
