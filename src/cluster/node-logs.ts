/** What `mini logs` shows: the node's component logs where it answers, its console where it does not. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { loadDriver } from "../drivers/index.ts";
import { writeFileAtomically } from "../lib/atomic-file.ts";
import { miniHome } from "./home.ts";
import { machinesOf } from "./lifecycle/machines.ts";
import type { Profile, ProfileNode } from "./profile.ts";
import { connectSsh } from "./ssh.ts";

const keptLines = 1000;

export interface NodeLog {
  readonly node: string;
  /** `node`, `containerd`, `console`. */
  readonly source: string;
  readonly text: string;
}

export async function nodeLogs(profile: Profile, lines: number): Promise<NodeLog[]> {
  const logs = await Promise.all(profile.nodes.map((node) => logsOf(profile, node, lines)));
  return logs.flat();
}

/** One text of them all, with a heading each. */
export function formatLogs(logs: readonly NodeLog[]): string {
  return logs.map((log) => `==> ${log.node} ${log.source} <==\n${log.text.trimEnd()}\n`).join("\n");
}

/** Keeps the logs of a cluster that is about to be taken down; answers the file. */
export async function keepLogs(profile: Profile): Promise<string> {
  const path = keptPath(profile.name);
  await writeFileAtomically(path, formatLogs(await nodeLogs(profile, keptLines)));
  return path;
}

/** Removes what was kept of a cluster of that name, if anything. */
export async function removeKeptLogs(name: string): Promise<void> {
  await rm(keptPath(name), { force: true });
}

function keptPath(name: string): string {
  return join(miniHome(), "logs", `${name}.log`);
}

async function logsOf(profile: Profile, node: ProfileNode, lines: number): Promise<NodeLog[]> {
  const driver = await loadDriver(profile.driver);
  const running = (await driver.state(node)) === "Running";
  const fromNode = running ? await componentLogs(profile, node, lines).catch(() => []) : [];
  return [...fromNode, { node: node.name, source: "console", text: await consoleLog(profile, node, lines) }];
}

async function componentLogs(profile: Profile, node: ProfileNode, lines: number): Promise<NodeLog[]> {
  using ssh = await connectSsh(profile, node);
  const command = `for f in /var/log/mini/*.log; do echo "==> $f <=="; tail -n ${lines} "$f"; done`;
  const { stdout } = await ssh.capture(command);
  const parts = stdout.split(/^==> \/var\/log\/mini\/(.*)\.log <==\n/m).slice(1);
  const logs: NodeLog[] = [];
  for (let index = 0; index < parts.length; index += 2) {
    logs.push({ node: node.name, source: parts[index] ?? "", text: parts[index + 1] ?? "" });
  }
  return logs;
}

async function consoleLog(profile: Profile, node: ProfileNode, lines: number): Promise<string> {
  const { driver, all } = await machinesOf(profile);
  const machine = all.find((each) => each.name === node.name);
  const text = machine === undefined ? "" : await driver.consoleLog(machine);
  return text.split("\n").slice(-lines).join("\n");
}
