/** What an extension server says it serves, in the forms that discovery publishes. */

interface ApiResource {
  readonly name: string;
  readonly singularName?: string;
  readonly namespaced?: boolean;
  readonly kind?: string;
  readonly group?: string;
  readonly version?: string;
  readonly verbs?: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}

export interface AggregatedVersion {
  readonly group: string;
  readonly version: string;
  /** Higher comes first. */
  readonly groupPriority: number;
  readonly versionPriority: number;
  readonly resources: readonly ApiResource[];
}

/** metav1.APIGroup of each group. */
export function aggregatedGroups(versions: readonly AggregatedVersion[]): object[] {
  return grouped(versions).map(([name, members]) => {
    const list = members.map(({ version }) => ({ groupVersion: `${name}/${version}`, version }));
    return { name, versions: list, preferredVersion: list[0] };
  });
}

/** apidiscovery.k8s.io APIGroupDiscovery of each group. */
export function aggregatedGroupDiscovery(versions: readonly AggregatedVersion[]): object[] {
  return grouped(versions).map(([name, members]) => ({
    metadata: { name, creationTimestamp: null },
    versions: members.map((member) => ({
      version: member.version,
      resources: member.resources.filter(({ name: one }) => !one.includes("/")).map((one) => discover(one, member)),
      freshness: "Current",
    })),
  }));
}

function grouped(versions: readonly AggregatedVersion[]): [string, AggregatedVersion[]][] {
  const sorted = [...versions].sort(
    (a, b) => b.groupPriority - a.groupPriority || b.versionPriority - a.versionPriority,
  );
  return [...Map.groupBy(sorted, ({ group }) => group)];
}

function discover(resource: ApiResource, { group, version, resources }: AggregatedVersion): object {
  const kindOf = (one: ApiResource): object => ({
    group: one.group || group,
    version: one.version || version,
    kind: one.kind,
  });
  const subresources = resources
    .filter(({ name }) => name.startsWith(`${resource.name}/`))
    .map((one) => ({
      subresource: one.name.slice(resource.name.length + 1),
      responseKind: kindOf(one),
      verbs: one.verbs ?? [],
    }));
  return {
    resource: resource.name,
    responseKind: kindOf(resource),
    scope: resource.namespaced === true ? "Namespaced" : "Cluster",
    singularResource: resource.singularName ?? "",
    verbs: resource.verbs ?? [],
    ...(resource.shortNames === undefined ? {} : { shortNames: resource.shortNames }),
    ...(resource.categories === undefined ? {} : { categories: resource.categories }),
    ...(subresources.length === 0 ? {} : { subresources }),
  };
}
