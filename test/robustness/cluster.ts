/** A runc cluster for one scenario: a profile and a MINI_HOME of its own, its API as a client, its processes on the host. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createClient } from "../../src/client/client.ts";
import type { Client } from "../../src/client/types.ts";
import { MiniCli } from "../e2e/mini-cli.ts";
import { writeTestImage } from "../e2e/test-image.ts";

/** An image with all of busybox, in the cluster. */
export const testImage = "docker.io/test/busybox:1";

export interface ScenarioCluster extends AsyncDisposable {
  readonly cli: MiniCli;
  /** A new connection as the administrator. */
  connect(): Promise<Client>;
}

/** Started and ready, with the test image; deleted when disposed. */
export async function startScenarioCluster(name: string): Promise<ScenarioCluster> {
  const cli = new MiniCli(name);
  const dispose = (): Promise<void> => cli.cleanUp();
  try {
    await cli.succeed("start", "--driver=runc", "--wait=all");
    const archive = join(cli.home, "image.tar");
    await writeTestImage(testImage, archive);
    await cli.succeed("image", "load", archive);
  } catch (error) {
    await dispose();
    throw error;
  }
  const pki = (file: string): string => readFileSync(join(cli.home, "mini/profiles", cli.profile, "pki", file), "utf8");
  return {
    cli,
    async connect() {
      const server = `https://${(await cli.succeed("ip")).trim()}:8443`;
      const credentials = { ca: pki("ca.crt"), cert: pki("admin.crt"), key: pki("admin.key") };
      return createClient({ server, ...credentials, userAgent: `robustness/${name}` });
    },
    [Symbol.asyncDispose]: dispose,
  };
}

export interface NodeProcess {
  readonly pid: number;
  /** `control-plane`, `agent`, … for those of mini; the program's name for others. */
  readonly name: string;
  readonly isMini: boolean;
}

/** What runs in a machine's control groups, pods left out. */
export function processesOf(machine: string): NodeProcess[] {
  const found = readdirSync("/proc").flatMap((entry): (NodeProcess & { parent: number })[] => {
    if (!/^\d+$/.test(entry)) return [];
    try {
      const groups = readFileSync(`/proc/${entry}/cgroup`, "utf8");
      if (!groups.includes(`/mini/${machine}`) || groups.includes("/kubepods")) return [];
      const words = readFileSync(`/proc/${entry}/cmdline`, "utf8").split("\0");
      const isMini = words[0] === "/mini/bin/mini";
      const name = isMini ? (words[2] ?? "mini") : (words[0]?.split("/").at(-1) ?? "");
      const stat = readFileSync(`/proc/${entry}/stat`, "utf8");
      const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
      return [{ pid: Number(entry), name, isMini, parent }];
    } catch {
      // It ended while it was looked at.
      return [];
    }
  });
  // A child that has not become another program yet looks like its parent.
  return found.filter(({ name, parent }) => !found.some((other) => other.pid === parent && other.name === name));
}
