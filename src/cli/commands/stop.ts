import { boolean, string } from "@oclif/core/flags";
import { stopCluster } from "../../cluster/lifecycle/stop.ts";
import { listProfiles } from "../../cluster/profile.ts";
import { MiniCommand } from "../mini-command.ts";
import { parseDuration } from "../quantities.ts";

export default class Stop extends MiniCommand {
  static override description = "Presses the power button and waits; what has not ended by then is ended by force.";
  static override flags = {
    all: boolean({ description: "all profiles" }),
    timeout: string({ description: "how long to wait for an orderly end", default: "90s" }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Stop);
    const graceMs = parseDuration("timeout", flags.timeout);
    const names = flags.all ? (await listProfiles()).valid.map((profile) => profile.name) : [flags.profile];
    const results = [];
    for (const profile of names) {
      const report = (message: string): void => this.print(`* ${message}`);
      const result = await stopCluster({ profile, graceMs, report, signal: this.signal });
      this.print(`* ${result.stopped.length} node(s) stopped.`);
      results.push(result);
    }
    return flags.all ? results : results[0];
  }
}
