import { readFileSync } from "node:fs";
import type { Server } from "../servers/server.ts";
import { atMost, drive, type Row, type Workload, withServers } from "../workload.ts";

const TICKS_PER_SECOND = 100;

/** Resident memory and processor time of the whole control plane when nothing is asked of it. */
export const idle: Workload = {
  name: "idle",
  title: "The idle control plane: API server, store, controllers, scheduler",
  async run(bench) {
    const seconds = bench.quick ? 10 : 60;
    return await withServers(bench, ["controller-manager", "scheduler"], async (servers) => {
      const rows: Row[] = [];
      for (const pods of bench.quick ? [0, 1_000] : [0, 1_000, 10_000]) {
        for (const server of servers) await drive(bench, server, ["-count", String(pods), "fill"]);
        // What the filling set off, garbage collection of both runtimes included, is to be over.
        await sleep(bench.quick ? 10 : 30);
        const before = servers.map(processorSeconds);
        await sleep(seconds);
        const share = servers.map(
          (server, index) => (100 * (processorSeconds(server) - (before[index] ?? 0))) / seconds,
        );
        const [mini = Number.NaN, upstream = Number.NaN] = share;
        const [miniMemory = Number.NaN, upstreamMemory = Number.NaN] = servers.map(residentMegabytes);
        const step = `${pods} pods stored`;
        rows.push({ step, unit: "MB resident", mini: miniMemory, upstream: upstreamMemory, goal: atMost(0.25) });
        rows.push({ step, unit: "% of a processor", mini, upstream, goal: atMost(0.33) });
      }
      return rows;
    });
  },
};

const sleep = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

function residentMegabytes({ processes }: Server): number {
  const kilobytes = processes.map(({ pid }) =>
    /^Rss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8")),
  );
  return kilobytes.reduce((sum, found) => sum + Number(found?.[1]) / 1000, 0);
}

/** User and system time so far of all its processes. */
function processorSeconds({ processes }: Server): number {
  return processes.reduce((sum, { pid }) => {
    // The second field, the program's name, may contain anything; what follows its bracket has fixed places.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return sum + (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }, 0);
}
