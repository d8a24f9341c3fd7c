import { atLeast, atMost, drive, type Row, rowsOf, takeTurns, type Workload, withServers } from "../workload.ts";

/** Create, get, update, patch and delete, by 1, 16 and 64 clients. */
export const requests: Workload = {
  name: "requests",
  title: "Requests for single objects",
  async run(bench) {
    const cases = [
      ...[1, 16, 64].map((clients) => ({ resource: "configmaps", clients })),
      ...(bench.quick ? [16] : [1, 16, 64]).map((clients) => ({ resource: "pods", clients })),
    ];
    return await withServers(bench, [], async (servers) => {
      const rows: Row[] = [];
      for (const { resource, clients } of cases) {
        const seconds = bench.quick ? 1 : 3;
        const args = ["-resource", resource, "-clients", String(clients), "-seconds", String(seconds), "requests"];
        const results = await takeTurns(servers, bench.quick ? 1 : 3, (server) => drive(bench, server, args));
        const label = (step: string): string => `${step} ${resource}, ${clients}`;
        const value = ({ count, seconds: took }: { count: number; seconds: number }): number => count / took;
        rows.push(
          ...rowsOf(results, { unit: "requests/s", goal: atLeast(1.5), label, value }),
          ...rowsOf(results, { unit: "p50, ms", label, value: ({ p50 }) => p50 }),
          ...rowsOf(results, { unit: "p99, ms", goal: atMost(0.7), label, value: ({ p99 }) => p99 }),
        );
      }
      return rows;
    });
  },
};
