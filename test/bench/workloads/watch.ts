import { atMost, drive, type Row, rowsOf, takeTurns, type Workload, withServers } from "../workload.ts";

/** Delivery of events to 1, 100 and 1,000 watchers, one write after the other. */
export const watch: Workload = {
  name: "watch",
  title: "Delivery of watch events",
  async run(bench) {
    const writes = bench.quick ? "150" : "1000";
    return await withServers(bench, [], async (servers) => {
      const rows: Row[] = [];
      for (const watchers of [1, 100, 1_000]) {
        const args = ["-watchers", String(watchers), "-count", writes, "watch"];
        const results = await takeTurns(servers, bench.quick ? 1 : 3, (server) => drive(bench, server, args));
        const label = (step: string): string => `${step}, ${watchers} watchers`;
        rows.push(
          ...rowsOf(results, { unit: "p50, ms", goal: atMost(0.7), label, value: ({ p50 }) => p50 }),
          ...rowsOf(results, { unit: "p99, ms", goal: atMost(0.7), label, value: ({ p99 }) => p99 }),
        );
      }
      return rows;
    });
  },
};
