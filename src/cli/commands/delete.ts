import { rm } from "node:fs/promises";
import { boolean } from "@oclif/core/flags";
import { miniHome } from "../../cluster/home.ts";
import { deleteAll, deleteCluster } from "../../cluster/lifecycle/delete.ts";
import { MiniCommand } from "../mini-command.ts";

export default class Delete extends MiniCommand {
  static override description = "Machines, network, disks, certificates and the kubeconfig's entries; nothing is left.";
  static override flags = {
    all: boolean({ description: "all profiles" }),
    purge: boolean({ description: "with --all: MINI_HOME too", dependsOn: ["all"] }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Delete);
    const options = { report: (message: string) => this.print(`* ${message}`), signal: this.signal };
    if (flags.all) {
      const results = await deleteAll(options);
      if (flags.purge) await rm(miniHome(), { recursive: true, force: true });
      this.print("* Successfully deleted all profiles");
      return results;
    }
    const result = await deleteCluster({ ...options, profile: flags.profile });
    this.print(
      result.existed
        ? `* Removed all traces of the "${flags.profile}" cluster.`
        : `* Profile "${flags.profile}" does not exist; there was nothing to delete.`,
    );
    return result;
  }
}
