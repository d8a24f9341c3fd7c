import type { Binding, Pod } from "../../kinds/generated/core-v1.ts";
import { formatTime, systemClock } from "../../lib/clock.ts";
import { notSupported, required } from "../../machinery/errors/field-error.ts";
import { badRequest, conflict, type StatusError } from "../../machinery/errors/status-error.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import type { SubresourceHandler, SubresourceRequest } from "../types.ts";
import { withCondition } from "./pod-conditions.ts";
import { bodyOf, created, subjectOf } from "./subject.ts";

const bindings = { group: "", plural: "pods/binding" };

/** POST pods/NAME/binding, and POST bindings: the scheduler's decision. */
export const podBindingHandlers: readonly SubresourceHandler[] = [
  { group: "", plural: "pods", subresource: "binding", handle: (request) => bind(request, request.info.name) },
  {
    group: "",
    plural: "bindings",
    subresource: "",
    handle: (request) => bind(request, bodyOf<Binding>(request).metadata?.name ?? ""),
  },
];

async function bind(request: SubresourceRequest, name: string): Promise<typeof created> {
  const binding = bodyOf<Binding>(request);
  if (name !== (binding.metadata?.name ?? "")) throw badRequest("name in URL does not match name in Binding object");
  validate(binding);
  const node = binding.target.name ?? "";
  const target = { group: "", plural: "pods", namespace: request.info.namespace, name, subresource: "binding" };
  if (request.dryRun) {
    const info = { ...request.info, resource: "pods", name };
    assign(subjectOf<Pod>({ ...request, info }), binding, node);
  } else {
    await request.writer.modify(target, (pod) => assign(pod as Pod, binding, node) as unknown as UnknownObject);
  }
  return created;
}

/** The bare field errors, which upstream answers with as with an internal error. */
function validate({ target }: Binding): void {
  if (target.kind && target.kind !== "Node") {
    throw badRequest(notSupported("target.kind", target.kind, ["Node", "<empty>"]).message);
  }
  if (!target.name) throw badRequest(required("target.name").message);
}

function assign(pod: Pod, { metadata }: Binding, nodeName: string): Pod {
  const name = pod.metadata?.name ?? "";
  const refuse = (detail: string): StatusError => conflict(bindings, name, detail);
  if (metadata?.uid && metadata.uid !== pod.metadata?.uid) {
    const detail = `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${pod.metadata?.uid}`;
    throw conflict({ group: "", plural: "pods" }, name, detail);
  }
  if (metadata?.resourceVersion && metadata.resourceVersion !== pod.metadata?.resourceVersion) {
    const detail = `Precondition failed: ResourceVersion in precondition: ${metadata.resourceVersion}, ResourceVersion in object meta: ${pod.metadata?.resourceVersion}`;
    throw conflict({ group: "", plural: "pods" }, name, detail);
  }
  if (pod.metadata?.deletionTimestamp) throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`);
  if (pod.spec?.nodeName) throw refuse(`pod ${name} is already assigned to node ${JSON.stringify(pod.spec.nodeName)}`);
  if (pod.spec?.schedulingGates?.length) throw refuse(`pod ${name} has non-empty .spec.schedulingGates`);
  const { nominatedNodeName: _, ...status } = pod.status ?? {};
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      ...(metadata?.annotations ? { annotations: { ...pod.metadata?.annotations, ...metadata.annotations } } : {}),
      ...(metadata?.labels ? { labels: { ...pod.metadata?.labels, ...metadata.labels } } : {}),
    },
    ...(pod.spec ? { spec: { ...pod.spec, nodeName } } : {}),
    status: withCondition(status, { type: "PodScheduled", status: "True" }, formatTime(systemClock.now())),
  };
}
