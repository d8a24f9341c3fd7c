/** Writes what a node is told before it boots: config.json, pki and ssh (see src/node/config.ts). */

import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readFileIfPresent } from "../lib/atomic-file.ts";
import type { NodeConfig } from "../node/config.ts";
import { machineFolder } from "./home.ts";
import { nodePki } from "./pki.ts";
import { controlPlane, type Profile, type ProfileNode } from "./profile.ts";
import { nodeProxies, noProxies, proxyEnvironment } from "./proxies.ts";
import { noRegistries } from "./registries.ts";
import type { Resolver } from "./resolver.ts";
import { ensureSshKeys } from "./ssh-keys.ts";

/** Folder of a node's seed; written anew at each boot, since certificates and time move on. */
export function seedFolder(profile: string, node: string): string {
  return join(machineFolder(profile, node), "seed");
}

const podSubnet = "10.244.0.0/16";
const serviceSubnet = "10.96.0.0/12";
const dnsDomain = "cluster.local";

export function nodeConfig(profile: Profile, node: ProfileNode, resolver: Resolver): NodeConfig {
  // The node's boot script reads single lines of this: network comes before other addresses.
  return {
    version: 1,
    profile: profile.name,
    nodeName: node.name,
    role: node.role,
    labels: {},
    network: {
      address: `${node.address}/${profile.network.subnet.split("/")[1] ?? "24"}`,
      gateway: profile.network.gateway,
      nameservers: resolver.nameservers,
      search: resolver.search,
      throughHost: resolver.throughHost,
    },
    controlPlane: { address: controlPlane(profile).address, port: profile.apiServerPort },
    cluster: { podSubnet, serviceSubnet, dnsAddress: "10.96.0.10", dnsDomain },
    launchedAt: Date.now(),
    extraConfig: profile.extraConfig,
    ...(profile.auditPolicy === undefined ? {} : { auditPolicy: profile.auditPolicy }),
    registries: profile.registries ?? noRegistries,
    proxies: nodeProxies(profile.proxies ?? noProxies, profile.network, [
      ...[profile.network.subnet, podSubnet, serviceSubnet],
      ...[".svc", `.${dnsDomain}`],
    ]),
  };
}

/**
 * What a node was last booted from, undefined where that is missing or cannot be used. Only a node that does not run is
 * given another: it has this folder before its eyes.
 */
export async function readSeedConfig(profile: string, node: string): Promise<NodeConfig | undefined> {
  const folder = seedFolder(profile, node);
  const [config, authority] = await Promise.all(
    ["config.json", "pki/ca.crt"].map((name) => readFileIfPresent(join(folder, name))),
  );
  if (!config || !authority) return undefined;
  try {
    const parsed = JSON.parse(config) as Partial<NodeConfig> | null;
    return typeof parsed?.controlPlane?.port === "number" ? (parsed as NodeConfig) : undefined;
  } catch {
    // Half of a file, after a host that went down.
    return undefined;
  }
}

export async function writeSeed(profile: Profile, node: ProfileNode, resolver: Resolver): Promise<string> {
  const folder = seedFolder(profile.name, node.name);
  await rm(folder, { recursive: true, force: true });
  for (const each of ["pki", "ssh"]) await mkdir(join(folder, each), { recursive: true, mode: 0o700 });
  const write = (path: string, data: string): Promise<void> => writeFile(join(folder, path), data, { mode: 0o600 });
  const config = nodeConfig(profile, node, resolver);
  await write("config.json", `${JSON.stringify(config, null, 2)}\n`);
  // For the boot scripts, to which JSON is no format for values that may hold anything.
  const environment = proxyEnvironment(config.proxies).map((line) => `${line}\n`);
  if (environment.length > 0) await write("containerd-environment", environment.join(""));
  for (const [name, data] of await nodePki(profile, node)) await write(`pki/${name}`, data);
  const keys = await ensureSshKeys(profile.name);
  await write("ssh/authorized_keys", keys.authorizedKey);
  await write("ssh/ssh_host_ed25519_key", keys.hostKey);
  await write("ssh/ssh_host_ed25519_key.pub", keys.hostPublicKey);
  return folder;
}
