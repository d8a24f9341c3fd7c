import { clusterStatus, statusExitCode } from "../../../cluster/lifecycle/status.ts";
import { controlPlane, listProfiles, type Profile } from "../../../cluster/profile.ts";
import { redactProxies } from "../../../cluster/proxies.ts";
import { MiniCommand } from "../../mini-command.ts";

interface ListedProfile {
  readonly Name: string;
  readonly Status: string;
  readonly Config: Profile;
  readonly Active: boolean;
}

export default class ProfileList extends MiniCommand {
  async run(): Promise<unknown> {
    const { flags } = await this.parse(ProfileList);
    const profiles = await listProfiles();
    const valid = await Promise.all(profiles.valid.map((profile) => describe(profile, flags.profile)));
    this.print(table(valid));
    if (profiles.invalid.length > 0) this.print(`! Profiles that cannot be read: ${profiles.invalid.join(", ")}`);
    return { invalid: profiles.invalid.map((Name) => ({ Name, Status: "", Config: null, Active: false })), valid };
  }
}

async function describe(profile: Profile, active: string): Promise<ListedProfile> {
  const { nodes } = await clusterStatus(profile.name);
  const host = nodes[0]?.Host ?? "Nonexistent";
  const Status = statusExitCode(nodes) === 0 ? "OK" : host === "Running" ? "Degraded" : host;
  const { proxies } = profile;
  const Config = proxies === undefined ? profile : { ...profile, proxies: redactProxies(proxies) };
  return { Name: profile.name, Status, Config, Active: profile.name === active };
}

function table(profiles: readonly ListedProfile[]): string {
  if (profiles.length === 0) return '* There are no profiles. "mini start" makes one.';
  const rows = profiles.map(({ Name, Status, Config }) => [
    ...[Name, Config.driver, controlPlane(Config).address, String(Config.apiServerPort)],
    ...[Status, String(Config.nodes.length)],
  ]);
  const all = [["PROFILE", "DRIVER", "IP", "PORT", "STATUS", "NODES"], ...rows];
  const widths = all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
