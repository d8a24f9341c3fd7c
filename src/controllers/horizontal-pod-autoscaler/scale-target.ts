/** Finds the resource that an autoscaler's target names by kind: a workload of Kubernetes or any with a scale subresource. */

import { deployments, replicaSets, replicationControllers, statefulSets } from "../../client/resources.ts";
import type { Client, ResourceRef } from "../../client/types.ts";
import type { KubernetesObject } from "../../machinery/meta/object.ts";
import { discoverResources } from "../framework/discovery.ts";

export interface GroupKind {
  readonly group: string;
  readonly kind: string;
}

/** Those that need no discovery. */
const workloads = [deployments, replicaSets, statefulSets, replicationControllers] as const;

/** Throws an Error with upstream's message where no such kind is served. */
export async function findResource(client: Client, { group, kind }: GroupKind): Promise<ResourceRef<KubernetesObject>> {
  const named = (one: GroupKind): boolean => one.kind === kind && one.group === group;
  const found = workloads.find(named) ?? (await discoverResources(client)).find(named);
  if (found === undefined)
    throw new Error(`no matches for kind ${JSON.stringify(kind)} in group ${JSON.stringify(group)}`);
  return found as ResourceRef<KubernetesObject>;
}
