import type { KubernetesObject } from "../machinery/meta/object.ts";
import type { ResourceRef } from "./types.ts";

type AnyResource = Pick<ResourceRef<KubernetesObject>, "group" | "version" | "plural" | "namespaced">;

/** `/api/v1/namespaces/default/pods`; without a namespace, the collection over all of them. */
export function collectionPath(resource: AnyResource, namespace?: string): string {
  const root = resource.group === "" ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  const scope = resource.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${root}${scope}/${resource.plural}`;
}

/** Path of one object, with an optional subresource. */
export function objectPath(resource: AnyResource, name: string, namespace?: string, subresource?: string): string {
  if (name === "") throw new Error(`${resource.plural}: an object's name may not be empty`);
  if (resource.namespaced && !namespace) throw new Error(`${resource.plural} "${name}": namespace is missing`);
  const path = `${collectionPath(resource, namespace)}/${encodeURIComponent(name)}`;
  return subresource ? `${path}/${subresource}` : path;
}

/** `path?a=1&b=2`, leaving out undefined values. */
export function withQuery(
  path: string,
  query: Readonly<Record<string, string | number | boolean | undefined>>,
): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") parameters.set(key, String(value));
  }
  const text = parameters.toString();
  return text === "" ? path : `${path}?${text}`;
}
