/**
 * Discovery: which groups, versions and resources there are, built from the registry when its generation changes and
 * kept as bytes. Feeds /api, /apis and what is below them, in the aggregated form and the older one.
 */
import { createHash } from "node:crypto";
import type { KindDefinition } from "../../machinery/kind.ts";
import { formatApiVersion } from "../../machinery/meta/object.ts";
import { type AggregatedVersion, discoverRemote } from "../aggregation/discovered.ts";
import { compareVersions, type ResourceRegistry } from "../registry/resources.ts";
import { type Priority, priorityOf } from "./priorities.ts";

interface ServedVersion {
  readonly version: string;
  /** What is served here; of a version that an extension server serves, none. */
  readonly kinds: readonly KindDefinition[];
  readonly remote?: AggregatedVersion;
}

export interface GroupVersions {
  readonly group: string;
  /** Preferred first. */
  readonly versions: readonly ServedVersion[];
}

/**
 * Groups and their versions in the order in which clients look for a name that several have: by the highest priority,
 * then by name. Of a version that is served here and by an extension server, the latter's is shown.
 */
export function groupVersions(resources: ResourceRegistry, remote: readonly AggregatedVersion[]): GroupVersions[] {
  const byVersion = new Map<string, ServedVersion & Priority & { readonly group: string }>();
  const kinds = Array.from(resources.all(), ({ kind }) => kind);
  for (const [key, members] of Map.groupBy(kinds, formatApiVersion)) {
    const { group, version } = members[0] as KindDefinition;
    members.sort((a, b) => (a.plural < b.plural ? -1 : 1));
    byVersion.set(key, { group, version, kinds: members, ...priorityOf(group, version) });
  }
  for (const one of remote) {
    const { group, version, groupPriority, versionPriority } = one;
    byVersion.set(formatApiVersion(one), { group, version, kinds: [], remote: one, groupPriority, versionPriority });
  }
  return [...Map.groupBy(byVersion.values(), ({ group }) => group)]
    .map(([group, versions]) => ({
      group,
      priority: Math.max(...versions.map(({ groupPriority }) => groupPriority)),
      versions: versions.sort((a, b) => b.versionPriority - a.versionPriority || compareVersions(a.version, b.version)),
    }))
    .sort((a, b) => b.priority - a.priority || (a.group < b.group ? -1 : 1));
}

/** apidiscovery.k8s.io APIGroupDiscoveryList of the core group alone (for /api) or of all others (for /apis). */
export function aggregatedDiscovery(groups: readonly GroupVersions[], version: "v2" | "v2beta1"): object {
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: groups.map(({ group, versions }) => ({
      metadata: group === "" ? { creationTimestamp: null } : { name: group, creationTimestamp: null },
      versions: versions.map((one) => ({
        version: one.version,
        resources: one.remote === undefined ? one.kinds.map(discoverResource) : discoverRemote(one.remote),
        freshness: "Current",
      })),
    })),
  };
}

function discoverResource(kind: KindDefinition): object {
  const { group, version } = kind;
  return {
    resource: kind.plural,
    responseKind: { group, version, kind: kind.kind },
    scope: kind.namespaced ? "Namespaced" : "Cluster",
    singularResource: kind.singular,
    verbs: kind.verbs,
    ...(kind.shortNames === undefined ? {} : { shortNames: kind.shortNames }),
    ...(kind.categories === undefined ? {} : { categories: kind.categories }),
    ...(kind.subresources.length === 0
      ? {}
      : {
          subresources: kind.subresources.map((one) => ({
            subresource: one.name,
            responseKind: one.kind,
            verbs: one.verbs,
          })),
        }),
  };
}

export function apiGroup({ group, versions }: GroupVersions): object {
  const list = versions.map(({ version }) => ({ groupVersion: formatApiVersion({ group, version }), version }));
  return { name: group, versions: list, preferredVersion: list[0] };
}

export function apiResourceList(group: string, version: string, kinds: readonly KindDefinition[]): object {
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: formatApiVersion({ group, version }),
    resources: kinds.flatMap((kind) => [
      {
        name: kind.plural,
        singularName: kind.singular,
        namespaced: kind.namespaced,
        kind: kind.kind,
        verbs: kind.verbs,
        ...(kind.shortNames === undefined ? {} : { shortNames: kind.shortNames }),
        ...(kind.categories === undefined ? {} : { categories: kind.categories }),
        ...(kind.verbs.includes("watch") ? { storageVersionHash: storageVersionHash(kind) } : {}),
      },
      ...kind.subresources.map((one) => ({
        name: `${kind.plural}/${one.name}`,
        singularName: "",
        namespaced: kind.namespaced,
        ...(one.kind.group === group && one.kind.version === version
          ? {}
          : { group: one.kind.group, version: one.kind.version }),
        kind: one.kind.kind,
        verbs: one.verbs,
      })),
    ]),
  };
}

/** As discovery.StorageVersionHash: the first 8 bytes of the SHA-256 of `group/version/kind`. */
function storageVersionHash(kind: KindDefinition): string {
  const { group, version, kind: name } = kind.storage ?? kind;
  return createHash("sha256").update(`${group}/${version}/${name}`).digest().subarray(0, 8).toString("base64");
}
