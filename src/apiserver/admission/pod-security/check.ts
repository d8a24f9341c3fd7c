/** What the checks of the Pod Security Standards share. */
import { allContainers } from "../../../kinds/core/pod/all-containers.ts";
import type { PodSecurityContext, PodSpec, SecurityContext } from "../../../kinds/generated/core-v1.ts";

export interface CheckedPod {
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: PodSpec;
}

export interface Violation {
  /** `host namespaces` */
  readonly reason: string;
  /** `hostNetwork=true`; put in parentheses after the reason. */
  readonly detail: string;
}

/** Undefined: the pod passes. */
export type Check = (pod: CheckedPod) => Violation | undefined;

export const quoted = (names: Iterable<string>): string => [...names].map((name) => JSON.stringify(name)).join(", ");
export const sortedQuoted = (names: Iterable<string>): string => quoted([...new Set(names)].sort());
export const plural = (one: string, many: string, count: number): string => (count === 1 ? one : many);
/** `container "a"`, `containers "a", "b"`. */
export const containersNamed = (names: readonly string[]): string =>
  `${plural("container", "containers", names.length)} ${quoted(names)}`;

export const isWindows = ({ os }: PodSpec): boolean => os?.name === "windows";
/** Pods in a user namespace of their own may be root in it. */
export const inUserNamespace = ({ hostUsers }: PodSpec): boolean => hostUsers === false;

/** `pod and container "a"`: who set something bad at either level; undefined where nobody did. */
export function badSetters(
  spec: PodSpec,
  isBad: (context: SecurityContext & PodSecurityContext) => boolean,
): string | undefined {
  const bad = (context: object | undefined): boolean => context !== undefined && isBad(context);
  const setters = bad(spec.securityContext) ? ["pod"] : [];
  const names = allContainers(spec).flatMap(({ name, securityContext }) => (bad(securityContext) ? [name] : []));
  if (names.length > 0) setters.push(containersNamed(names));
  return setters.length === 0 ? undefined : setters.join(" and ");
}

/** What `read` gives for the pod's own context and for each container's, where it is set. */
export function valuesOf<T>(
  spec: PodSpec,
  read: (context: SecurityContext & PodSecurityContext) => T | undefined,
): T[] {
  const contexts = [spec.securityContext, ...allContainers(spec).map((container) => container.securityContext)];
  return contexts.flatMap((context) => {
    const value = context === undefined ? undefined : read(context as SecurityContext & PodSecurityContext);
    return value === undefined ? [] : [value];
  });
}
