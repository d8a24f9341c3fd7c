/** What one client's floods do to another client and to memory: test/robustness/floods.ts, one row an attack. */

import type { FloodRow } from "../floods/measure.ts";
import { bounds, isWithinBounds, measureFloods } from "../floods.ts";
import type { Row, Scenario } from "../scenario.ts";

export const scenario: Scenario = {
  summary: "floods of one client on a control plane on loopback: another client's latency, and memory",
  options: {
    seconds: { unless: 15, summary: "how long each attack lasts" },
    rest: { unless: 10, summary: "how long after it memory is read again" },
  },
  async run(context) {
    const timing = {
      quietSeconds: 5,
      attackSeconds: context.option("seconds"),
      restSeconds: context.option("rest"),
    };
    const measured = await measureFloods([], timing, (row) => context.report(rowOf(row).figure), context.signal);
    return measured.map(rowOf);
  },
};

function rowOf(row: FloodRow): Row {
  const { attack, quiet, attacked, longest, before, peak, after, survived } = row;
  const latency = `p99 ${quiet.toFixed(1)} → ${attacked.toFixed(1)} ms, at most ${longest.toFixed(0)} ms`;
  const memory = `${before.toFixed(0)} → ${peak.toFixed(0)} → ${after.toFixed(0)} MiB`;
  return {
    what: `flood: ${attack}`,
    figure: `${latency}; ${memory}${survived ? "" : "; the process ended"}`,
    target: `p99 ≤ ${bounds.ratio} ×, ≤ ${bounds.mebibytes} MiB`,
    met: isWithinBounds(row),
  };
}
