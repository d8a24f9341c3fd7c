/** Which containers of a pod ended between two of its statuses: pure. */
import type { ContainerStatus, PodStatus } from "../../kinds/generated/core-v1.ts";

/** As upstream's metrics name it. */
export type ContainerType = "init_container" | "container" | "ephemeral_container";

export interface TerminatedContainer {
  readonly type: ContainerType;
  readonly exitCode: number;
  readonly reason: string;
}

/** Each end is told once: of those that are terminated in `now` and were not `before`. */
export function terminatedContainers(before: PodStatus, now: PodStatus): TerminatedContainer[] {
  return [
    ...ended("init_container", before.initContainerStatuses, now.initContainerStatuses),
    ...ended("container", before.containerStatuses, now.containerStatuses),
    ...ended("ephemeral_container", before.ephemeralContainerStatuses, now.ephemeralContainerStatuses),
  ];
}

function ended(
  type: ContainerType,
  before: readonly ContainerStatus[] = [],
  now: readonly ContainerStatus[] = [],
): TerminatedContainer[] {
  const known = new Set(before.filter(({ state }) => state?.terminated !== undefined).map(({ name }) => name));
  return now.flatMap(({ name, state }) => {
    if (state?.terminated === undefined || known.has(name)) return [];
    return [{ type, exitCode: state.terminated.exitCode, reason: state.terminated.reason ?? "" }];
  });
}
