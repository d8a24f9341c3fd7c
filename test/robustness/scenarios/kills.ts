/** SIGKILL of the node's processes and of whole nodes while clients write: what was acknowledged is there afterwards. */
import { startScenarioCluster } from "../cluster.ts";
import { killUnderWrites } from "../kills/run.ts";
import { createRandom } from "../random.ts";
import type { Scenario } from "../scenario.ts";

export const scenario: Scenario = {
  summary: "SIGKILL of control plane, agent, containerd and whole nodes while clients write: acknowledged writes lost",
  options: {
    kills: { unless: 100, summary: "how many" },
    seed: { unless: 1, summary: "of what is killed, and when" },
  },
  async run({ option, signal, report }) {
    await using cluster = await startScenarioCluster("kill");
    const random = createRandom(option("seed"));
    const { kills, acknowledged, lost, longestMs } = await killUnderWrites(cluster, {
      ...{ kills: option("kills"), random, signal, report },
    });
    for (const name of lost) report(`lost: ${name}`);
    const each = [...kills].map(([name, count]) => `${name} ${count}`).join(", ");
    return [
      {
        what: `${option("kills")} kills under writes (${each})`,
        figure: `${lost.length} lost of ${acknowledged} acknowledged writes`,
        target: "0 lost",
        met: lost.length === 0,
      },
      {
        what: "the longest that a client waited for an answer meanwhile",
        figure: `${(longestMs / 1000).toFixed(1)} s`,
        target: "for information",
        met: true,
      },
    ];
  },
};
