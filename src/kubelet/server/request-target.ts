/** What the paths and queries of the kubelet's server say. */

export const isTrue = (value: string | null): boolean => value === "1" || value === "true";

export interface ContainerTarget {
  readonly namespace: string;
  readonly name: string;
  readonly uid?: string;
  readonly container: string;
}

/** `NAMESPACE/POD/CONTAINER` or `NAMESPACE/POD/UID/CONTAINER`. */
export function containerTarget(parts: readonly string[]): ContainerTarget {
  const [namespace = "", name = "", third = "", fourth] = parts;
  return fourth === undefined
    ? { namespace, name, container: third }
    : { namespace, name, uid: third, container: fourth };
}
