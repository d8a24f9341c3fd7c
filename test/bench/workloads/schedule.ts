import { atLeast, drive, type Row, rowsOf, takeTurns, type Workload, withServers } from "../workload.ts";

/** Pods created at once onto simulated nodes, until all are bound. */
export const schedule: Workload = {
  name: "schedule",
  title: "Scheduling on simulated nodes",
  async run(bench) {
    const pods = bench.quick ? "500" : "5000";
    return await withServers(bench, ["scheduler"], async (servers) => {
      const rows: Row[] = [];
      for (const nodes of bench.quick ? [500] : [500, 1_000]) {
        for (const constraint of ["none", "affinity", "spread"]) {
          const args = ["-nodes", String(nodes), "-count", pods, "-constraint", constraint, "schedule"];
          const results = await takeTurns(servers, 1, (server) => drive(bench, server, args));
          const label = (): string => `${nodes} nodes, ${constraint === "none" ? "no constraint" : constraint}`;
          rows.push(
            ...rowsOf(results, {
              unit: "pods/s",
              goal: atLeast(1),
              label,
              value: ({ count, seconds }) => count / seconds,
            }),
          );
        }
      }
      return rows;
    });
  },
};
