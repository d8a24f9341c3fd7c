/** What clusters could have left on this machine. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { bridgeName, vethName } from "../../src/drivers/runc/network.ts";

export interface Traces {
  /** MINI_HOME. */
  readonly home: string;
  readonly profile: string;
  /** Of the profile, where it is known. */
  readonly subnet?: string | undefined;
}

/** Profile, domain, network, mounts, interfaces, containers, control groups and processes, in words; none where all is gone. */
export function leftovers({ home, profile, subnet }: Traces): string[] {
  const named = [
    ...lines("virsh", "list", "--all", "--name"),
    ...lines("virsh", "net-list", "--all", "--name"),
    ...readFileSync("/proc/self/mounts", "utf8").split("\n"),
    ...["/run/mini/runc", "/var/lib/mini/runc", ...controlGroups()].flatMap(paths),
    ...processes().filter((line) => line.includes(home)),
  ].filter((line) => line.includes(profile) || line.includes(home));
  const bridge = subnet === undefined ? [] : [bridgeName({ subnet, gateway: "" })];
  const links = [...bridge, vethName({ name: profile })].filter((name) => existsSync(`/sys/class/net/${name}`));
  const tables = lines("nft", "list", "tables").filter((line) => bridge.some((name) => line.includes(name)));
  return [...paths(join(home, "profiles")), ...named, ...links, ...tables];
}

function paths(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
}

/** Where the nodes' groups are, in every hierarchy. */
function controlGroups(): string[] {
  const root = "/sys/fs/cgroup";
  return [root, ...paths(root)].map((hierarchy) => join(hierarchy, "mini"));
}

function processes(): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        return [`process ${name}: ${readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ")}`];
      } catch {
        return [];
      }
    });
}

function lines(command: string, ...words: string[]): string[] {
  return execFileSync(command, words, { encoding: "utf8" }).split("\n");
}
