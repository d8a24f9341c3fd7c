import { nodeConditions, withNodes } from "../servers/node-sides.ts";
import { atMost, type Bench, median, type Row, takeTurns, type Workload } from "../workload.ts";

/**
 * From the start of the processes (API server and its store) to `/readyz`, on an empty store and on an existing one; and
 * from the start of a whole cluster's processes, in a node whose containerd runs already, to that node being Ready.
 */
export const ready: Workload = {
  name: "ready",
  title: "Start: the API server to /readyz, a cluster to its node being Ready",
  conditions: nodeConditions,
  async run(bench) {
    const rounds = bench.quick ? 3 : 5;
    const empty = { mini: [] as number[], upstream: [] as number[] };
    const existing = { mini: [] as number[], upstream: [] as number[] };
    for (let round = 0; round < rounds; round++) {
      for (const side of bench.sides) {
        const folder = bench.newFolder(side.name);
        empty[side.name].push(await readyAfter(side, folder));
        existing[side.name].push(await readyAfter(side, folder));
      }
    }
    const node = await withNodes(bench, async (sides) =>
      takeTurns(sides, bench.quick ? 2 : rounds, async ({ start }) => {
        const cluster = await start();
        await cluster.stop();
        return cluster.nodeReadyMs;
      }),
    );
    return [
      row("empty store", "ms to /readyz", empty),
      row("existing store", "ms to /readyz", existing),
      row("empty store, whole cluster", "ms to node Ready", node),
    ];
  },
};

async function readyAfter(side: Bench["sides"][number], folder: string): Promise<number> {
  const server = await side.start({ folder, parts: [] });
  await server.stop();
  return server.readyMs;
}

function row(step: string, unit: string, { mini, upstream }: { mini: number[]; upstream: number[] }): Row {
  return { step, unit, mini: median(mini), upstream: median(upstream), goal: atMost(0.25) };
}
