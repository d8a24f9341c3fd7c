/**
 * Discovery: which groups, versions and resources there are, built from the registry when its generation changes and
 * kept as bytes. Feeds /api, /apis and what is below them, in the aggregated form and the older one.
 */
import { createHash } from "node:crypto";
import type { KindDefinition } from "../../machinery/kind.ts";
import { formatApiVersion } from "../../machinery/meta/object.ts";
import { compareVersions, type ResourceRegistry } from "../registry/resources.ts";

export interface GroupVersions {
  readonly group: string;
  /** Preferred first. */
  readonly versions: readonly { readonly version: string; readonly kinds: readonly KindDefinition[] }[];
}

/** Order in which clients look for a short name that several groups have; groups not named come after, by name. */
const groupOrder = [
  "",
  "apiregistration.k8s.io",
  "apps",
  "events.k8s.io",
  "authentication.k8s.io",
  "authorization.k8s.io",
  "autoscaling",
  "batch",
  "certificates.k8s.io",
  "networking.k8s.io",
  "policy",
  "rbac.authorization.k8s.io",
  "storage.k8s.io",
  "admissionregistration.k8s.io",
  "apiextensions.k8s.io",
  "scheduling.k8s.io",
  "coordination.k8s.io",
  "node.k8s.io",
  "discovery.k8s.io",
  "resource.k8s.io",
  "flowcontrol.apiserver.k8s.io",
];

export function groupVersions(resources: ResourceRegistry): GroupVersions[] {
  const groups = new Map<string, Map<string, KindDefinition[]>>();
  for (const { kind } of resources.all()) {
    const versions = groups.get(kind.group) ?? new Map<string, KindDefinition[]>();
    groups.set(kind.group, versions);
    const kinds = versions.get(kind.version) ?? [];
    versions.set(kind.version, kinds);
    kinds.push(kind);
  }
  const rank = (group: string): number => (groupOrder.indexOf(group) + groupOrder.length + 1) % (groupOrder.length + 1);
  return [...groups]
    .sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .map(([group, versions]) => ({
      group,
      versions: [...versions]
        .sort(([a], [b]) => compareVersions(a, b))
        .map(([version, kinds]) => ({ version, kinds: kinds.sort((a, b) => (a.plural < b.plural ? -1 : 1)) })),
    }));
}

/** apidiscovery.k8s.io APIGroupDiscoveryList of the core group alone (for /api) or of all others (for /apis). */
export function aggregatedDiscovery(
  groups: readonly GroupVersions[],
  version: "v2" | "v2beta1",
  remote: readonly object[],
): object {
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: `apidiscovery.k8s.io/${version}`,
    metadata: {},
    items: [
      ...groups.map(({ group, versions }) => ({
        metadata: group === "" ? { creationTimestamp: null } : { name: group, creationTimestamp: null },
        versions: versions.map((one) => ({
          version: one.version,
          resources: one.kinds.map(discoverResource),
          freshness: "Current",
        })),
      })),
      ...remote,
    ],
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
