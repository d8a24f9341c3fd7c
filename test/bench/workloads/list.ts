import { atMost, drive, rowsOf, takeTurns, type Workload, withServers } from "../workload.ts";

/** LIST of 10,000 pods (2,000 in the quick form) in several forms, uncompressed, and once compressed as client-go asks for it. */
export const list: Workload = {
  name: "list",
  title: "LIST of pods",
  async run(bench) {
    const pods = bench.quick ? "2000" : "10000";
    const seconds = bench.quick ? "1" : "4";
    return await withServers(bench, [], async (servers) => {
      const rounds = bench.quick ? 1 : 3;
      const args = ["-count", pods, "-seconds", seconds, "list"];
      for (const server of servers) await drive(bench, server, ["-count", pods, "fill"]);
      const plain = await takeTurns(servers, rounds, (server) => drive(bench, server, args));
      const zipped = await takeTurns(servers, rounds, (server) => drive(bench, server, ["-gzip", ...args]));
      const goal = atMost(0.5);
      const label = (step: string): string => `${pods} pods, ${step}`;
      return [
        ...rowsOf(plain, { unit: "p50, ms", goal, label, value: ({ p50 }) => p50 }),
        ...rowsOf(zipped, { unit: "p50, ms", goal, value: ({ p50 }) => p50, label: (step) => `${label(step)}, gzip` }),
        ...rowsOf(plain, { unit: "p99, ms", goal: atMost(0.7), label, value: ({ p99 }) => p99 }),
      ];
    });
  },
};
