/** What goes into a pod's /etc/resolv.conf, from its DNS policy, its own settings and the node's. */
import { readFile } from "node:fs/promises";
import type { Pod, PodDNSConfigOption } from "../../kinds/generated/core-v1.ts";
import type { DNSConfig } from "../cri/generated/messages.ts";

export interface ResolverSettings {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

export interface ClusterDns {
  readonly address: string;
  readonly domain: string;
}

/** Limits of the resolver in glibc, which upstream holds pods to. */
const maximumServers = 3;
const maximumSearches = 32;
const maximumSearchCharacters = 2048;

export function podDns(pod: Pod, host: ResolverSettings, cluster: ClusterDns): DNSConfig {
  const spec = pod.spec;
  let policy = spec?.dnsPolicy ?? "ClusterFirst";
  // With the node's network, ClusterFirst means the node's resolver; ClusterFirstWithHostNet asks for the cluster's.
  if (policy === "ClusterFirst" && spec?.hostNetwork === true) policy = "Default";
  let settings: ResolverSettings = { servers: [], searches: [], options: [] };
  if (policy === "Default") settings = host;
  else if (policy !== "None") {
    const namespace = pod.metadata?.namespace ?? "default";
    const searches = [`${namespace}.svc.${cluster.domain}`, `svc.${cluster.domain}`, cluster.domain, ...host.searches];
    settings = { servers: [cluster.address], searches, options: ["ndots:5"] };
  }
  const own = spec?.dnsConfig;
  return {
    servers: unique([...settings.servers, ...(own?.nameservers ?? [])]).slice(0, maximumServers),
    searches: limitSearches(unique([...settings.searches, ...(own?.searches ?? [])])),
    options: mergeOptions(settings.options, own?.options ?? []),
  };
}

const unique = (items: readonly string[]): string[] => [...new Set(items)];

function limitSearches(searches: readonly string[]): string[] {
  const kept: string[] = [];
  let characters = 0;
  for (const search of searches.slice(0, maximumSearches)) {
    characters += search.length + (kept.length > 0 ? 1 : 0);
    if (characters > maximumSearchCharacters) break;
    kept.push(search);
  }
  return kept;
}

function mergeOptions(options: readonly string[], own: readonly PodDNSConfigOption[]): string[] {
  const merged = new Map<string, string>();
  for (const option of options) {
    const [name = "", value = ""] = option.split(":", 2);
    merged.set(name, value);
  }
  for (const { name, value } of own) merged.set(name ?? "", value ?? "");
  return [...merged].map(([name, value]) => (value === "" ? name : `${name}:${value}`));
}

/** Reads resolv.conf(5); the last `search` line counts. */
export function parseResolvConf(text: string): ResolverSettings {
  const servers: string[] = [];
  let searches: string[] = [];
  let options: string[] = [];
  for (const line of text.split("\n")) {
    const [keyword, ...values] = line.trim().split(/\s+/);
    if (keyword === "nameserver" && values[0] !== undefined) servers.push(values[0]);
    else if (keyword === "search") searches = values.map((value) => (value === "." ? value : value.replace(/\.$/, "")));
    else if (keyword === "options") options = [...options, ...values];
  }
  return { servers, searches, options };
}

export async function readHostResolver(path: string): Promise<ResolverSettings> {
  return parseResolvConf(await readFile(path, "utf8").catch(() => ""));
}
