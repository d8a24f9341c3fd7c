/**
 * The composition root in the guest. Init runs two processes: `mini node control-plane` (API server, controllers,
 * scheduler; on control-plane nodes) and `mini node agent` (kubelet, proxy, DNS; on every node). Each supervises its
 * components, restarting what dies; should a process itself die, init starts it again. Containers live below containerd
 * and notice none of this. docs/decisions/0001 says why two processes.
 */
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createLogger } from "../lib/log.ts";
import { componentsOf } from "./component-table.ts";
import { type NodeConfig, nodePaths } from "./config.ts";
import { readNodeConfig } from "./config-file.ts";
import { redirectToLogFiles } from "./log-files.ts";
import { postponeOptimization } from "./postponed-optimization.ts";
import { writeRegistries } from "./registries.ts";
import { runComponents } from "./run-components.ts";
import type { NodeState, ProcessName } from "./state.ts";
import { createStatePublisher } from "./state-publisher.ts";

const processNames: readonly ProcessName[] = ["control-plane", "agent"];

/** `args`: the process's name. Resolves after an orderly stop (SIGTERM). */
export async function main(args: readonly string[]): Promise<void> {
  if (args[0] === "host-resolver") return await lookUpForNode();
  const name = processNames.find((known) => known === args[0]);
  if (name === undefined) throw new Error(`mini node: give one of ${processNames.join(", ")}`);
  process.env["MINI_ADDONS"] ??= join(nodePaths.data, "mini", "addons");
  redirectToLogFiles(name);
  const resumeOptimization = postponeOptimization();
  const logger = createLogger(name);
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const)
    process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)));
  const config = await readNodeConfig();
  await writeFile(join(dirname(nodePaths.state), `${name}.pid`), `${process.pid}\n`);
  if (name === "agent") await Promise.all([writeResolver(config), writeRegistries(config.registries)]);
  logger.info("started", { node: config.nodeName, role: config.role, pid: process.pid });
  const publisher = createStatePublisher(name);
  const entries = componentsOf(name, config.role);
  const publish = (state: NodeState): void => {
    if (entries.every((entry) => state.components[entry.name]?.state === "Running")) resumeOptimization();
    publisher.publish(state);
  };
  await runComponents(entries, { config, signal: stop.signal, publish });
  resumeOptimization();
  await publisher.close();
  logger.info("stopped");
  // Sockets or timers that a library keeps open must not hold up the shutdown.
  process.exit(0);
}

/** The agent's child in the host's network. */
async function lookUpForNode(): Promise<void> {
  redirectToLogFiles("host-resolver");
  const { serveHostResolver } = await import("../network/dns/host-resolver.ts");
  await serveHostResolver(nodePaths.hostResolverSocket, (await readNodeConfig()).network.throughHost);
  process.exit(0);
}

async function writeResolver({ network }: NodeConfig): Promise<void> {
  const lines = network.nameservers.map((server) => `nameserver ${server}\n`);
  if (network.search.length > 0) lines.push(`search ${network.search.join(" ")}\n`);
  await writeFile(nodePaths.resolver, lines.join(""));
}
