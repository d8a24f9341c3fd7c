/**
 * The kernel's settings for connection tracking, as kube-proxy's defaults have them: room for many connections, and an
 * hour for those that one side has closed, so that the other side's end still finds its way back.
 */
import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Logger } from "../../lib/log.ts";

const folder = "/proc/sys/net/netfilter";
/** Upstream's maxPerCore, min and upper limit. */
const connections = { perProcessor: 32 * 1024, least: 128 * 1024, most: 1024 * 1024 };

function wantedSettings(processors: number): Record<string, number> {
  const scaled = Math.max(connections.least, connections.perProcessor * processors);
  return {
    nf_conntrack_max: Math.min(scaled, connections.most),
    nf_conntrack_tcp_timeout_established: 24 * 60 * 60,
    nf_conntrack_tcp_timeout_close_wait: 60 * 60,
  };
}

/** Needs the tracking that the ruleset turns on. What the kernel does not let be set stays: a container's table is the host's. */
export async function tuneTracking(log: Logger): Promise<void> {
  for (const [name, value] of Object.entries(wantedSettings(availableParallelism()))) {
    const file = join(folder, name);
    try {
      if (Number(await readFile(file, "utf8")) !== value) await writeFile(file, String(value));
    } catch (error) {
      log.debug("cannot set connection tracking", { file, value, error });
    }
  }
}
