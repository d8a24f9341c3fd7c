/** Nodes create mirror pods and nothing else, and report, evict and delete pods that are theirs. */
import { mirrorPodAnnotation } from "../../../kinds/core/pod/mirror-pod.ts";
import type { Node, Pod, PodStatus } from "../../../kinds/generated/core-v1.ts";
import { notFound } from "../../../machinery/errors/status-error.ts";
import { deepEqual } from "../../../machinery/meta/accessors.ts";
import type { AdmissionRequest, ObjectReader } from "../../types.ts";
import { objectOf, oldObjectOf, refuse } from "../request.ts";
import { objectReferenceOf } from "./object-references.ts";

export function existingPod({ namespace, name }: AdmissionRequest, reader: ObjectReader): Pod {
  const pod = reader.get<Pod>("", "pods", namespace, name);
  if (pod === undefined) throw notFound({ group: "", plural: "pods" }, name);
  return pod;
}

export function checkPod(request: AdmissionRequest, node: string, reader: ObjectReader): void {
  const { operation, subresource } = request;
  const who = `node ${JSON.stringify(node)}`;
  switch (subresource) {
    case "":
      if (operation === "CREATE") {
        checkMirrorPod(request, node, reader);
        return;
      }
      if (operation !== "DELETE") {
        const what = `unexpected operation ${JSON.stringify(operation)}`;
        throw refuse(request, `${what}, ${who} can only create and delete mirror pods`);
      }
      if (existingPod(request, reader).spec?.nodeName !== node) {
        throw refuse(request, `${who} can only delete pods with spec.nodeName set to itself`);
      }
      return;
    case "status": {
      const old = oldObjectOf<Pod>(request);
      if (old.spec?.nodeName !== node) {
        throw refuse(request, `${who} can only update pod status for pods with spec.nodeName set to itself`);
      }
      if (!deepEqual(old.metadata?.labels ?? {}, request.object?.metadata?.labels ?? {})) {
        throw refuse(request, `${who} cannot update labels through pod status`);
      }
      checkClaimStatuses(request, old.status ?? {}, objectOf<Pod>(request).status ?? {}, who);
      return;
    }
    case "eviction":
      if (existingPod(request, reader).spec?.nodeName !== node) {
        throw refuse(request, `node ${node} can only evict pods with spec.nodeName set to itself`);
      }
      return;
    default: {
      const what = `unexpected pod subresource ${JSON.stringify(subresource)}`;
      throw refuse(request, `${what}, only 'status' and 'eviction' are allowed`);
    }
  }
}

function checkMirrorPod(request: AdmissionRequest, node: string, reader: ObjectReader): void {
  const { metadata, spec } = objectOf<Pod>(request);
  const who = `node ${JSON.stringify(node)}`;
  if (metadata?.annotations?.[mirrorPodAnnotation] === undefined) {
    throw refuse(request, `pod does not have "${mirrorPodAnnotation}" annotation, ${who} can only create mirror pods`);
  }
  if (spec?.nodeName !== node) throw refuse(request, `${who} can only create pods with spec.nodeName set to itself`);
  const [owner, ...others] = metadata.ownerReferences ?? [];
  if (others.length > 0) {
    throw refuse(request, `${who} can only create pods with a single owner reference set to itself`);
  }
  if (owner === undefined || owner.apiVersion !== "v1" || owner.kind !== "Node" || owner.name !== node) {
    throw refuse(request, `${who} can only create pods with an owner reference set to itself`);
  }
  if (!owner.controller) {
    throw refuse(request, `${who} can only create pods with a controller owner reference set to itself`);
  }
  if (owner.blockOwnerDeletion) {
    throw refuse(request, `${who} must not set blockOwnerDeletion on an owner reference`);
  }
  const uid = reader.get<Node>("", "nodes", "", node)?.metadata?.uid;
  if (uid === undefined) throw notFound({ group: "", plural: "nodes" }, node);
  if (owner.uid !== uid) throw refuse(request, `node ${node} UID mismatch: expected ${owner.uid} got ${uid}`);
  // Whatever the pod refers to, its node may read.
  const reference = objectReferenceOf(objectOf<Pod>(request));
  if (reference !== undefined) throw refuse(request, `${who} can not create pods that reference ${reference}`);
}

/** Which claims a pod has is the controllers' to say, for a node may read what its pods' status names. */
function checkClaimStatuses(request: AdmissionRequest, old: PodStatus, next: PodStatus, who: string): void {
  if (!deepEqual(old.resourceClaimStatuses ?? [], next.resourceClaimStatuses ?? [])) {
    throw refuse(request, `${who} cannot update resource claim statues`);
  }
  if (!deepEqual(old.extendedResourceClaimStatus, next.extendedResourceClaimStatus)) {
    throw refuse(request, `${who} cannot update extended resource claim status`);
  }
}
