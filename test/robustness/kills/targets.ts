/** What is killed, from outside of the node, and how it comes back. */
import { execa } from "execa";
import { processesOf, type ScenarioCluster } from "../cluster.ts";

export interface Target {
  readonly name: string;
  /** How many of a hundred kills. */
  readonly share: number;
  kill(cluster: ScenarioCluster): Promise<void>;
}

const process =
  (name: string): Target["kill"] =>
  async ({ cli }) => {
    for (const each of processesOf(cli.profile)) if (each.name === name) killProcess(each.pid);
  };

function killProcess(pid: number): void {
  try {
    globalThis.process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

export const targets: readonly Target[] = [
  { name: "the control plane", share: 55, kill: process("control-plane") },
  { name: "the agent", share: 15, kill: process("agent") },
  { name: "containerd", share: 10, kill: process("containerd") },
  {
    name: "the whole node",
    share: 20,
    async kill({ cli }) {
      await execa("runc", ["--root", "/run/mini/runc", "kill", "--all", cli.profile, "KILL"]);
      await cli.succeed("start", "--wait=apiserver");
    },
  },
];

/** `chance` from 0 to 1. */
export function pickTarget(chance: number): Target {
  let left = chance * targets.reduce((sum, { share }) => sum + share, 0);
  for (const target of targets) {
    left -= target.share;
    if (left < 0) return target;
  }
  return targets[0] as Target;
}
