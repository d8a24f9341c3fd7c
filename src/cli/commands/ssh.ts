import { string } from "@oclif/core/flags";
import { loadProfile } from "../../cluster/profile.ts";
import { connectSsh, findNode } from "../../cluster/ssh.ts";
import { MiniCommand } from "../mini-command.ts";

export default class Ssh extends MiniCommand {
  static override description = "Without a command, an interactive shell. The exit code is the command's.";
  static override examples = ["mini ssh", "mini ssh -- crictl ps", "mini ssh -n mini-m02 -- uptime"];
  static override passThrough = true;
  static override flags = {
    node: string({ char: "n", description: "name of the node; the control plane unless told" }),
  };

  async run(): Promise<undefined> {
    const { flags } = await this.parse(Ssh);
    const profile = await loadProfile(flags.profile);
    using ssh = await connectSsh(profile, findNode(profile, flags.node));
    const command = this.passed.join(" ");
    if (command === "") {
      process.exitCode = await ssh.shell();
      return;
    }
    const { stdin, stdout, stderr } = process;
    process.exitCode = await ssh.run(command, stdin.isTTY ? { stdout, stderr } : { stdin, stdout, stderr });
  }
}
