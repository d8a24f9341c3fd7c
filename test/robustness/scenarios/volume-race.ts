/** A container that exchanges folders of its volume for links to the node, against all that the kubelet does there. */
import { races, runRace } from "../../security/volume-race/race.ts";
import type { Row, Scenario } from "../scenario.ts";

export const scenario: Scenario = {
  summary: "a container exchanges a folder for a link while the kubelet works on its volume: reaches outside",
  options: { seconds: { unless: 60, summary: "for each kind of work" } },
  async run({ option, report, signal }) {
    const rows: Row[] = [];
    for (const race of races) {
      const counts = await runRace(race, option("seconds"), signal);
      const outside = counts.get("outside") ?? 0;
      const each = [...counts].map(([outcome, count]) => `${outcome} ${count}`).join(", ");
      report(`${race.what}: ${each}`);
      rows.push({
        what: `exchange of folder and link while ${race.what}`,
        figure: `${outside} times outside (${each})`,
        target: "0",
        met: outside === 0,
      });
    }
    return rows;
  },
};
