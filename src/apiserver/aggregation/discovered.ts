/** What an extension server says it serves, in the form that discovery publishes. */
import type { Priority } from "../discovery/priorities.ts";

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

export interface AggregatedVersion extends Priority {
  readonly group: string;
  readonly version: string;
  readonly resources: readonly ApiResource[];
}

/** apidiscovery.k8s.io APIResourceDiscovery of each resource. */
export function discoverRemote(version: AggregatedVersion): object[] {
  return version.resources.filter(({ name }) => !name.includes("/")).map((one) => discover(one, version));
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
