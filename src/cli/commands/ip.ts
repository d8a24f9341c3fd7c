import { string } from "@oclif/core/flags";
import { loadProfile } from "../../cluster/profile.ts";
import { findNode } from "../../cluster/ssh.ts";
import { MiniCommand } from "../mini-command.ts";

export default class Ip extends MiniCommand {
  static override description = "The address stays the same as long as the profile exists.";
  static override flags = {
    node: string({ char: "n", description: "name of the node; the control plane unless told" }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Ip);
    const { address } = findNode(await loadProfile(flags.profile), flags.node);
    this.print(address);
    return { ip: address };
  }
}
