/** What every handler needs of its request: the object that the path names, and answers. */
import { notFound } from "../../machinery/errors/status-error.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import type { SubresourceHandler, SubresourceRequest, SubresourceResult } from "../types.ts";

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

/**
 * GET and PUT of a subresource that takes the object itself: `merge` gives what is stored of the body, which is also what
 * validating admission looks at, so that nothing in the body can speak for the object.
 */
export function mergedHandler(
  name: Pick<SubresourceHandler, "group" | "plural" | "subresource">,
  merge: NonNullable<SubresourceHandler["merge"]>,
): SubresourceHandler {
  return {
    ...name,
    merge,
    async handle(request) {
      if (request.info.verb === "get") return answer(200, subjectOf(request));
      const change = (stored: UnknownObject): UnknownObject => merge(request, stored);
      const object = request.dryRun
        ? change(subjectOf<UnknownObject>(request))
        : await request.writer.modify(targetOf(request), change);
      return answer(200, object);
    },
  };
}
