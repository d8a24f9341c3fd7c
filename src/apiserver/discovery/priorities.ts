/**
 * In which order clients see groups, and the versions of a group: what discovery sorts by, and what the APIServices of
 * the versions served here say. Figures are kube-apiserver's.
 */
export interface Priority {
  /** groupPriorityMinimum: the group with the highest one comes first; several versions may differ in it. */
  readonly groupPriority: number;
  /** versionPriority: the highest one first. */
  readonly versionPriority: number;
}

/** Of custom resources, and whatever the table lacks. */
const custom: Priority = { groupPriority: 1000, versionPriority: 100 };

/** Group, its priority, and those of its versions. */
const table: readonly (readonly [string, number, Readonly<Record<string, number>>])[] = [
  // The aggregator's own group comes before all others, and has no APIService.
  ["apiregistration.k8s.io", 20_000, { v1: 100 }],
  ["", 18_000, { v1: 1 }],
  ["apps", 17_800, { v1: 15 }],
  ["events.k8s.io", 17_750, { v1: 15 }],
  ["authentication.k8s.io", 17_700, { v1: 15 }],
  ["authorization.k8s.io", 17_600, { v1: 15 }],
  ["autoscaling", 17_500, { v1: 15, v2: 30 }],
  ["batch", 17_400, { v1: 15 }],
  ["certificates.k8s.io", 17_300, { v1: 15 }],
  ["networking.k8s.io", 17_200, { v1: 15 }],
  ["policy", 17_100, { v1: 15 }],
  ["rbac.authorization.k8s.io", 17_000, { v1: 15 }],
  ["storage.k8s.io", 16_800, { v1: 15 }],
  ["admissionregistration.k8s.io", 16_700, { v1: 15 }],
  ["apiextensions.k8s.io", 16_700, { v1: 15 }],
  ["scheduling.k8s.io", 16_600, { v1: 15 }],
  ["coordination.k8s.io", 16_500, { v1: 15 }],
  ["node.k8s.io", 16_300, { v1: 15 }],
  ["discovery.k8s.io", 16_200, { v1: 15 }],
  ["resource.k8s.io", 16_200, { v1: 21 }],
  ["flowcontrol.apiserver.k8s.io", 16_100, { v1: 21 }],
  // As in the manifest of metrics-server, which puts its Service into the same APIService.
  ["metrics.k8s.io", 100, { v1beta1: 100 }],
];

const byGroupVersion: ReadonlyMap<string, Priority> = new Map(
  table.flatMap(([group, groupPriority, versions]) =>
    Object.entries(versions).map(
      ([version, versionPriority]) => [`${group}/${version}`, { groupPriority, versionPriority }] as const,
    ),
  ),
);

export function priorityOf(group: string, version: string): Priority {
  return byGroupVersion.get(`${group}/${version}`) ?? custom;
}

/** The versions of built-in groups that have an APIService each. */
export function registeredVersions(): { readonly group: string; readonly version: string }[] {
  return table
    .filter(([group]) => group !== "apiregistration.k8s.io")
    .flatMap(([group, , versions]) => Object.keys(versions).map((version) => ({ group, version })));
}
