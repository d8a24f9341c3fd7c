import { type Cluster, nodeConditions, withNodes } from "../servers/node-sides.ts";
import { atMost, type Bench, drive, type Figures, median, type Row, takeTurns, type Workload } from "../workload.ts";

/** 30 pods at once on one real node: mini beside upstream's kubelet and control plane on a containerd of the same kind. */
export const pods: Workload = {
  name: "pods",
  title: "Start of 30 pods at once on one node",
  conditions: nodeConditions,
  async run(bench) {
    return await withNodes(bench, async ([mini, upstream]) => {
      const clusters = [await mini.start(), await upstream.start()] as const;
      // The first pods of a node make its bridge and firewall chains.
      for (const cluster of clusters) await start(bench, cluster, 2);
      return rows(await takeTurns(clusters, bench.quick ? 1 : 5, (cluster) => start(bench, cluster, 30)));
    });
  },
};

interface Round {
  readonly created: Figures;
  readonly deleted: Figures;
  /** Of everything in the node. */
  readonly processorSeconds: number;
}

async function start(bench: Bench, cluster: Cluster, count: number): Promise<Round> {
  const before = cluster.node.processorSeconds();
  const [created, deleted] = await drive(bench, cluster, ["-count", String(count), "-clients", "16", "pods"]);
  if (created === undefined || deleted === undefined) throw new Error("the client gave no figures of pods");
  return { created, deleted, processorSeconds: cluster.node.processorSeconds() - before };
}

function rows({ mini, upstream }: { mini: readonly Round[]; upstream: readonly Round[] }): Row[] {
  const row = (step: string, unit: string, value: (round: Round) => number): Row => {
    return { step, unit, mini: median(mini.map(value)), upstream: median(upstream.map(value)) };
  };
  return [
    row("create to Ready", "p50, ms", ({ created }) => created.p50),
    row("delete to gone", "p50, ms", ({ deleted }) => deleted.p50),
    { ...row("create to Ready", "p99, ms", ({ created }) => created.p99), goal: atMost(0.7) },
    row("delete to gone", "p99, ms", ({ deleted }) => deleted.p99),
    row("first create to all Ready", "s", ({ created }) => created.seconds),
    row("both, the whole node", "processor s", ({ processorSeconds }) => processorSeconds),
  ];
}
