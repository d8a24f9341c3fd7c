/**
 * The host's resolver as nodes can use it. Nodes have networks of their own, and IPv4 only: a name server on the host's
 * loopback, or with an IPv6 address, is one that they cannot reach. Programs that put themselves on loopback write
 * elsewhere whom they ask, and those are taken, as kubelet does with systemd-resolved's.
 */
import { isIPv4 } from "node:net";
import { readFileIfPresent } from "../lib/atomic-file.ts";
import type { Profile } from "./profile.ts";

export interface Resolver {
  /** For the nodes' resolv.conf. */
  readonly nameservers: readonly string[];
  readonly search: readonly string[];
  /** What the user should know, one sentence. */
  readonly warning?: string;
}

/** As in resolv.conf(5): of several search lists the last counts. */
export function parseResolver(text: string): { readonly nameservers: string[]; readonly search: string[] } {
  const nameservers: string[] = [];
  let search: string[] = [];
  for (const line of text.split("\n")) {
    const [keyword, ...values] = line.trim().split(/\s+/);
    if (keyword === "nameserver" && values[0] !== undefined) nameservers.push(values[0]);
    // A dot is the root, which is what is asked of anyway.
    if (keyword === "search" || keyword === "domain") search = values.filter((value) => value !== ".");
  }
  return { nameservers, search };
}

/** The host's own file first; then where systemd-resolved, NetworkManager and resolvconf write whom they ask. */
const paths = [
  "/etc/resolv.conf",
  "/run/systemd/resolve/resolv.conf",
  "/run/NetworkManager/no-stub-resolv.conf",
  "/run/resolvconf/resolv.conf",
  "/run/dnsmasq/resolv.conf",
] as const;

/** A name of the node's may be looked up by a few at most (glibc). */
const maximumNameservers = 3;

/**
 * libvirt's networks have a server at the gateway that asks whoever the host asks; a runc machine's gateway has only
 * what somebody runs there.
 */
export async function readResolver(
  { driver, network }: Pick<Profile, "driver" | "network">,
  read: (path: string) => Promise<string | undefined> = readFileIfPresent,
): Promise<Resolver> {
  let search: readonly string[] = [];
  const outOfReach: string[] = [];
  for (const path of paths) {
    // One that cannot be read tells nothing; the next may.
    const text = await read(path).catch(() => undefined);
    if (text === undefined) continue;
    const found = parseResolver(text);
    if (search.length === 0) search = found.search;
    const nameservers = found.nameservers.filter(isInReach);
    if (nameservers.length > 0) return { nameservers: nameservers.slice(0, maximumNameservers), search };
    outOfReach.push(...found.nameservers);
  }
  const nameservers = [network.gateway];
  if (driver !== "runc") return { nameservers, search };
  const found =
    outOfReach.length === 0
      ? "This machine has no name server"
      : `The nodes cannot reach this machine's name servers (${[...new Set(outOfReach)].join(", ")})`;
  const warning =
    `${found}: names outside of the cluster are not found in it, and images are not pulled by name, ` +
    `unless a name server listens on ${network.gateway}. Name one with an IPv4 address in /etc/resolv.conf`;
  return { nameservers, search, warning };
}

function isInReach(nameserver: string): boolean {
  return isIPv4(nameserver) && !nameserver.startsWith("127.") && nameserver !== "0.0.0.0";
}
