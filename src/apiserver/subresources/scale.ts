import type { Scale } from "../../kinds/generated/autoscaling-v1.ts";
import { invalidValue } from "../../machinery/errors/field-error.ts";
import { conflict, invalid, modifiedMessage } from "../../machinery/errors/status-error.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import {
  type LabelSelectorObject,
  labelSelectorFromObject,
  labelSelectorFromSet,
} from "../../machinery/selectors/label-selector.ts";
import type { SubresourceHandler, SubresourceRequest, SubresourceResult } from "../types.ts";
import { answer, bodyOf, subjectOf, targetOf } from "./subject.ts";

interface Scalable extends UnknownObject {
  readonly spec?: { readonly replicas?: number; readonly selector?: LabelSelectorObject };
  readonly status?: { readonly replicas?: number };
}

/** GET and PUT of NAME/scale for the built-in workloads. */
export const scaleHandlers: readonly SubresourceHandler[] = [
  ["apps", "deployments"],
  ["apps", "replicasets"],
  ["apps", "statefulsets"],
  ["", "replicationcontrollers"],
].map(([group = "", plural = ""]) => ({
  group,
  plural,
  subresource: "scale",
  handle: (request) => (request.info.verb === "get" ? get(request) : update(request)),
}));

async function get(request: SubresourceRequest): Promise<SubresourceResult> {
  return answer(200, scaleOf(subjectOf<Scalable>(request), request.info.group));
}

async function update(request: SubresourceRequest): Promise<SubresourceResult> {
  const scale = bodyOf<Scale>(request);
  const { info, writer, dryRun } = request;
  const replicas = scale.spec?.replicas ?? 0;
  if (replicas < 0) {
    const detail = "must be greater than or equal to 0";
    const error = invalidValue("spec.replicas", replicas, detail);
    throw invalid({ group: "autoscaling", kind: "Scale" }, info.name, [error]);
  }
  const change = (object: UnknownObject): Scalable => {
    checkPreconditions(request, scale, object);
    return { ...object, spec: { ...(object as Scalable).spec, replicas } };
  };
  const stored = dryRun ? change(subjectOf<Scalable>(request)) : await writer.modify(targetOf(request), change);
  return answer(200, scaleOf(stored as Scalable, info.group));
}

/** What a Scale names of uid and resourceVersion must still hold of the object it scales. Throws Conflict. */
export function checkPreconditions(
  { info }: SubresourceRequest,
  { metadata }: Scale,
  { metadata: stored }: UnknownObject,
): void {
  const resource = { group: info.group, plural: info.resource };
  if (metadata?.uid && metadata.uid !== stored?.uid) {
    const detail = `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${stored?.uid}`;
    throw conflict({ ...resource, plural: `${info.resource}/scale` }, info.name, detail);
  }
  if (metadata?.resourceVersion && metadata.resourceVersion !== stored?.resourceVersion) {
    throw conflict(resource, info.name, modifiedMessage);
  }
}

function scaleOf({ metadata, spec, status }: Scalable, group: string): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadata ?? {};
  // A ReplicationController's selector is a plain map.
  const selector =
    group === ""
      ? labelSelectorFromSet(spec?.selector as Record<string, string> | undefined)
      : labelSelectorFromObject(spec?.selector);
  return {
    apiVersion: "autoscaling/v1",
    kind: "Scale",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: spec?.replicas ? { replicas: spec.replicas } : {},
    status: { replicas: status?.replicas ?? 0, selector: selector.toString() },
  };
}
