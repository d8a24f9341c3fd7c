import { string } from "@oclif/core/flags";
import { MiniError } from "../../cluster/errors.ts";
import { clusterStatus, statusExitCode } from "../../cluster/lifecycle/status.ts";
import { MiniCommand } from "../mini-command.ts";
import { clusterLayout, statusText } from "../status-layout.ts";
import { renderTemplate } from "../template.ts";

export default class Status extends MiniCommand {
  static override description =
    "The exit code adds up 1 (a host does not run), 2 (API server or kubelet do not run) and 4 (kubeconfig leads elsewhere).";
  static override examples = ["mini status", "mini status -o json", "mini status --format='{{.Host}}'"];
  static override flags = {
    format: string({
      char: "f",
      description: "Go template over Name, Host, Kubelet, APIServer, Kubeconfig and Worker",
    }),
    layout: string({ char: "l", description: "nodes or cluster", options: ["nodes", "cluster"], default: "nodes" }),
    node: string({ char: "n", description: "only this node" }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Status);
    const { profile, nodes: all, problem } = await clusterStatus(flags.profile);
    if (problem !== undefined) process.stderr.write(`! ${problem.id}: ${problem.message}\n`);
    if (problem?.advice !== undefined) process.stderr.write(`* Suggestion: ${problem.advice}\n`);
    const nodes = flags.node === undefined ? all : all.filter((node) => node.Name === flags.node);
    if (nodes.length === 0) {
      throw new MiniError("GUEST_NODE_RETRIEVE", `the profile "${profile.name}" has no node "${flags.node}"`);
    }
    process.exitCode = statusExitCode(nodes);
    if (flags.layout === "cluster") {
      const layout = clusterLayout(profile, nodes);
      this.print(JSON.stringify(layout));
      return layout;
    }
    if (flags.format !== undefined) {
      const template = flags.format;
      this.print(nodes.map((node) => renderTemplate(template, node)).join("\n"));
    } else {
      this.print(nodes.map(statusText).join("\n"));
    }
    return nodes.length === 1 ? nodes[0] : nodes;
  }
}
