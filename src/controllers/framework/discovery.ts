import type { Client, ResourceRef } from "../../client/types.ts";
import type { KubernetesObject } from "../../machinery/meta/object.ts";

/** A resource that the server serves now, built in or custom. */
export interface DiscoveredResource extends ResourceRef<KubernetesObject> {
  readonly verbs: readonly string[];
}

interface GroupDiscoveryList {
  readonly items?: readonly {
    readonly metadata?: { readonly name?: string };
    readonly versions?: readonly {
      readonly version: string;
      readonly resources?: readonly {
        readonly resource: string;
        readonly responseKind?: { readonly kind: string };
        readonly scope: string;
        readonly verbs: readonly string[];
      }[];
    }[];
  }[];
}

const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

/** Every resource once, in its group's preferred version (two requests). */
export async function discoverResources(client: Client): Promise<DiscoveredResource[]> {
  const lists = await Promise.all(
    ["/api", "/apis"].map((path) => client.request<GroupDiscoveryList>("GET", path, undefined, { accept })),
  );
  const found = new Map<string, DiscoveredResource>();
  for (const { metadata, versions = [] } of lists.flatMap(({ items = [] }) => items)) {
    const group = metadata?.name ?? "";
    // The first version is the preferred one; a resource may exist in a later one alone.
    for (const { version, resources = [] } of versions) {
      for (const { resource, responseKind, scope, verbs } of resources) {
        const key = `${group}/${resource}`;
        if (found.has(key)) continue;
        const namespaced = scope === "Namespaced";
        found.set(key, { group, version, plural: resource, kind: responseKind?.kind ?? "", namespaced, verbs });
      }
    }
  }
  return [...found.values()];
}
