/** The host name of a pod and its /etc/hosts, in upstream's words. */
import { readFile, writeFile } from "node:fs/promises";
import type { HostAlias, Pod } from "../../kinds/generated/core-v1.ts";

const maximumHostname = 63;

export interface PodHostname {
  readonly hostname: string;
  /** `SUBDOMAIN.NAMESPACE.svc.CLUSTER`, or empty. */
  readonly domain: string;
}

export function podHostname(pod: Pod, clusterDomain: string): PodHostname {
  const { spec, metadata } = pod;
  if (spec?.hostnameOverride !== undefined) return { hostname: truncate(spec.hostnameOverride), domain: "" };
  const hostname = truncate(spec?.hostname || (metadata?.name ?? ""));
  const domain = spec?.subdomain ? `${spec.subdomain}.${metadata?.namespace ?? ""}.svc.${clusterDomain}` : "";
  return { hostname, domain };
}

/** The name that the kernel gets: the fully qualified one where the pod asks for it. Throws when it is too long. */
export function kernelHostname(pod: Pod, { hostname, domain }: PodHostname): string {
  if (pod.spec?.setHostnameAsFQDN !== true || domain === "") return hostname;
  const full = `${hostname}.${domain}`;
  if (full.length > 64) {
    throw new Error(
      `failed to construct FQDN from pod hostname and cluster domain, FQDN ${full} is too long (64 characters is the max, ${full.length} characters requested)`,
    );
  }
  return full;
}

function truncate(name: string): string {
  return name.length <= maximumHostname ? name : name.slice(0, maximumHostname).replace(/[-.]+$/, "");
}

function aliasLines(aliases: readonly HostAlias[]): string {
  if (aliases.length === 0) return "";
  const lines = aliases.map(({ ip, hostnames }) => `${ip}\t${(hostnames ?? []).join("\t")}\n`);
  return `\n# Entries added by HostAliases.\n${lines.join("")}`;
}

/** The text of /etc/hosts in a pod with a network of its own. */
export function managedHosts(ips: readonly string[], name: PodHostname, aliases: readonly HostAlias[]): string {
  const { hostname, domain } = name;
  const own = ips.map((ip) => (domain === "" ? `${ip}\t${hostname}\n` : `${ip}\t${hostname}.${domain}\t${hostname}\n`));
  return `# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
${own.join("")}${aliasLines(aliases)}`;
}

/** Writes the file that is mounted over /etc/hosts of the pod's containers. */
export async function writeHostsFile(path: string, pod: Pod, ips: readonly string[], name: PodHostname): Promise<void> {
  const aliases = pod.spec?.hostAliases ?? [];
  const content =
    pod.spec?.hostNetwork === true
      ? `# Kubernetes-managed hosts file (host network).\n${await readFile("/etc/hosts", "utf8")}${aliasLines(aliases)}`
      : managedHosts(ips, name, aliases);
  await writeFile(path, content, { mode: 0o644 });
}
