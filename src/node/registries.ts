/**
 * Tells containerd where to pull from, in the folder that its configuration names: `_default/hosts.toml` has the
 * mirrors, which are asked first for every registry, a folder of its own each registry that may do without verified
 * TLS. containerd reads them at each pull. Files that somebody else put there stay. https://github.com/containerd/containerd/blob/main/docs/hosts.md
 */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type NodeConfig, nodePaths } from "./config.ts";

export type Registries = NodeConfig["registries"];

const mark = "# Written by mini at each start.\n";

/** Replaces what was written for another configuration. */
export async function writeRegistries(registries: Registries, target: string = nodePaths.registries): Promise<void> {
  await mkdir(target, { recursive: true });
  for (const name of await readdir(target)) {
    const old = await readFile(join(target, name, "hosts.toml"), "utf8").catch(() => "");
    if (old.startsWith(mark)) await rm(join(target, name), { recursive: true });
  }
  for (const [name, content] of hostsFiles(registries)) {
    await mkdir(join(target, name), { recursive: true });
    await writeFile(join(target, name, "hosts.toml"), mark + content);
  }
}

/** Folder to hosts.toml. */
export function hostsFiles({ mirrors, insecure }: Registries): Map<string, string> {
  const files = new Map(insecure.map(insecureHost));
  if (mirrors.length > 0) files.set("_default", mirrors.map(mirrorHost).join("\n"));
  return files;
}

const quote = (text: string): string => JSON.stringify(text);

/** With no `server`, what no mirror has is asked of the registry itself. */
function mirrorHost(url: string): string {
  return `[host.${quote(url)}]\n  capabilities = ["pull", "resolve"]\n`;
}

/** As Docker treats them: TLS with whatever certificate first, then none; a scheme settles which. */
function insecureHost(registry: string): [string, string] {
  const [, scheme, host = ""] = /^(?:(https?):\/\/)?(.*)$/.exec(registry) ?? [];
  const verifyNothing = "skip_verify = true\n";
  if (scheme === "http") return [host, `server = ${quote(`http://${host}`)}\n`];
  const https = quote(`https://${host}`);
  if (scheme === "https") return [host, `server = ${https}\n${verifyNothing}`];
  return [host, `server = ${quote(`http://${host}`)}\n\n[host.${https}]\n  ${verifyNothing}`];
}
