import { writeFile } from "node:fs/promises";
import { string } from "@oclif/core/flags";
import { formatLogs, nodeLogs } from "../../cluster/node-logs.ts";
import { loadProfile } from "../../cluster/profile.ts";
import { findNode } from "../../cluster/ssh.ts";
import { MiniCommand } from "../mini-command.ts";
import { parseInteger } from "../quantities.ts";

export default class Logs extends MiniCommand {
  static override description = "Of a node that does not answer, only its console is shown.";
  static override flags = {
    length: string({ char: "n", description: "lines of each log", default: "60" }),
    node: string({ description: "only this node" }),
    file: string({ description: "write to this file instead" }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Logs);
    const profile = await loadProfile(flags.profile);
    const only = flags.node === undefined ? undefined : findNode(profile, flags.node).name;
    const all = await nodeLogs(profile, parseInteger("length", flags.length));
    const logs = only === undefined ? all : all.filter((log) => log.node === only);
    const text = formatLogs(logs);
    if (flags.file === undefined) this.print(text);
    else await writeFile(flags.file, text);
    return logs;
  }
}
