import { atMost, type Bench, median, type Row, type Workload } from "../workload.ts";

/** From the start of the processes (API server and its store) to `/readyz`, on an empty store and on an existing one. */
export const ready: Workload = {
  name: "ready",
  title: "Start of the API server to /readyz",
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
    return [row("empty store", empty), row("existing store", existing)];
  },
};

async function readyAfter(side: Bench["sides"][number], folder: string): Promise<number> {
  const server = await side.start({ folder, parts: [] });
  await server.stop();
  return server.readyMs;
}

function row(step: string, { mini, upstream }: { mini: number[]; upstream: number[] }): Row {
  return { step, unit: "ms to /readyz", mini: median(mini), upstream: median(upstream), goal: atMost(0.25) };
}
