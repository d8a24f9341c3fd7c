/** NAME/scale of custom resources whose definition says where replicas and selector are. */
import type { Scale } from "../../kinds/generated/autoscaling-v1.ts";
import { invalidValue } from "../../machinery/errors/field-error.ts";
import { badRequest, invalid } from "../../machinery/errors/status-error.ts";
import { deepCopy, setAt, valueAt } from "../../machinery/meta/accessors.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import { checkPreconditions } from "../subresources/scale.ts";
import { answer, bodyOf, subjectOf, targetOf } from "../subresources/subject.ts";
import type { SubresourceHandler, SubresourceRequest, SubresourceResult } from "../types.ts";
import { findValues } from "./json-path.ts";
import { isMap } from "./schema.ts";

export const customScaleHandler: SubresourceHandler = {
  group: "",
  plural: "",
  subresource: "scale",
  async handle(request) {
    if (request.info.verb === "get") return answer(200, scaleOf(request, subjectOf<UnknownObject>(request)));
    return update(request);
  },
};

async function update(request: SubresourceRequest): Promise<SubresourceResult> {
  const { info, kind, writer, dryRun } = request;
  const replicas = bodyOf<Scale>(request).spec?.replicas ?? 0;
  if (replicas < 0) {
    const error = invalidValue("spec.replicas", replicas, "should be a non-negative integer");
    throw invalid({ group: "autoscaling", kind: "Scale" }, info.name, [error]);
  }
  const path = kind.scalePaths?.specReplicasPath ?? "";
  const change = (object: UnknownObject): UnknownObject => {
    checkPreconditions(request, bodyOf<Scale>(request), object);
    return withValue(deepCopy(object), path, replicas);
  };
  const stored = dryRun ? change(subjectOf<UnknownObject>(request)) : await writer.modify(targetOf(request), change);
  return answer(200, scaleOf(request, stored));
}

function scaleOf({ kind }: SubresourceRequest, object: UnknownObject): Scale {
  const { specReplicasPath = "", statusReplicasPath = "", labelSelectorPath } = kind.scalePaths ?? {};
  const [replicas] = findValues(specReplicasPath, object);
  if (replicas === undefined) {
    throw badRequest(`the spec replicas field ${JSON.stringify(specReplicasPath)} does not exist`);
  }
  const selector = labelSelectorPath === undefined ? undefined : findValues(labelSelectorPath, object)[0];
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata ?? {};
  return {
    apiVersion: "autoscaling/v1",
    kind: "Scale",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: Number(replicas) },
    status: {
      replicas: Number(findValues(statusReplicasPath, object)[0] ?? 0),
      ...(typeof selector === "string" ? { selector } : {}),
    },
  } as Scale;
}

function withValue(object: UnknownObject, path: string, value: unknown): UnknownObject {
  const names = path.split(".").filter((name) => name !== "");
  const last = names.pop() ?? "";
  let target = object as Record<string, unknown>;
  for (const name of names) {
    const below = valueAt(target, name);
    const next = isMap(below) ? below : {};
    if (next !== below) setAt(target, name, next);
    target = next;
  }
  setAt(target, last, value);
  return object;
}
