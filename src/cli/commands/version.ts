import { boolean } from "@oclif/core/flags";
import packageJson from "../../../package.json" with { type: "json" };
import { connectApiServer } from "../../cluster/api-server.ts";
import { findProfile } from "../../cluster/profile.ts";
import { MiniCommand } from "../mini-command.ts";

const probeMs = 1000;

export default class Version extends MiniCommand {
  static override flags = {
    short: boolean({ description: "the version of mini alone" }),
    client: boolean({ description: "do not ask the cluster" }),
  };

  async run(): Promise<unknown> {
    const { flags } = await this.parse(Version);
    const miniVersion = `v${packageJson.version}`;
    // Put in by scripts/build-binary.ts.
    const commit = process.env.MINI_COMMIT ?? "";
    if (flags.short) {
      this.print(miniVersion);
      return { miniVersion };
    }
    const clusterVersion = flags.client ? undefined : await askCluster(flags.profile);
    this.print(`mini version: ${miniVersion}`);
    if (commit !== "") this.print(`commit: ${commit}`);
    if (clusterVersion !== undefined) this.print(`cluster "${flags.profile}": Kubernetes ${clusterVersion}`);
    return { commit, miniVersion, ...(clusterVersion === undefined ? {} : { clusterVersion }) };
  }
}

/** Undefined when there is no cluster, or it does not answer at once. */
async function askCluster(name: string): Promise<string | undefined> {
  try {
    const profile = await findProfile(name);
    if (profile === undefined) return undefined;
    using api = await connectApiServer(profile);
    const { status, body } = await api.get("/version", { timeoutMs: probeMs });
    return status === 200 ? (JSON.parse(body) as { gitVersion?: string }).gitVersion : undefined;
  } catch {
    return undefined;
  }
}
