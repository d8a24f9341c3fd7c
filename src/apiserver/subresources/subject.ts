/** What every handler needs of its request: the object that the path names, and answers. */
import { notFound } from "../../machinery/errors/status-error.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import type { SubresourceRequest, SubresourceResult } from "../types.ts";

/** The object that the path names, from the cache; frozen. Throws StatusError NotFound. */
export function subjectOf<T>({ reader, info }: SubresourceRequest): T {
  const object = reader.get<T>(info.group, info.resource, info.namespace, info.name);
  if (object === undefined) throw notFound({ group: info.group, plural: info.resource }, info.name);
  return object;
}

/** The request's body as the type that the subresource takes. */
export const bodyOf = <T>(request: SubresourceRequest): T => (request.body ?? {}) as unknown as T;

/** Names the object in the path for ObjectWriter.modify; the change is stored under the request's subresource. */
export function targetOf({ info }: SubresourceRequest): {
  group: string;
  plural: string;
  namespace: string;
  name: string;
  subresource: string;
} {
  const { group, resource: plural, namespace, name, subresource } = info;
  return { group, plural, namespace, name, subresource };
}

/** 201 with `Status: Success`. */
export const created: SubresourceResult = {
  code: 201,
  object: { apiVersion: "v1", kind: "Status", metadata: {}, status: "Success", code: 201 },
};

export const answer = (code: number, object: object): SubresourceResult => ({ code, object: object as UnknownObject });
