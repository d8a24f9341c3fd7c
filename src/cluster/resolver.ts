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
  /** Name servers that the host asks for the nodes, at whose addresses they are not: on loopback, or IPv6. */
  readonly throughHost: readonly string[];
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

/** Where a node answers for name servers that only the host reaches: link-local, and of no network. */
const hostResolverAddress = "169.254.53.53";
/** A name of the node's may be looked up by a few at most (glibc). */
const maximumNameservers = 3;

/**
 * libvirt's networks have a server at the gateway that asks whoever the host asks. A runc machine has a helper of its
 * own in the host's network (src/network/dns/host-resolver).
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
    if (nameservers.length > 0)
      return { nameservers: nameservers.slice(0, maximumNameservers), search, throughHost: [] };
    outOfReach.push(...found.nameservers);
  }
  const gateway = { nameservers: [network.gateway], search, throughHost: [] };
  if (driver !== "runc") return gateway;
  const throughHost = [...new Set(outOfReach)].slice(0, maximumNameservers);
  if (throughHost.length > 0) return { nameservers: [hostResolverAddress], search, throughHost };
  const warning =
    "This machine has no name server: names outside of the cluster are not found in it, and images are not pulled by " +
    `name, unless one listens on ${network.gateway}. Name one in /etc/resolv.conf, then mini stop and mini start`;
  return { ...gateway, warning };
}

function isInReach(nameserver: string): boolean {
  return isIPv4(nameserver) && !nameserver.startsWith("127.") && nameserver !== "0.0.0.0";
}
