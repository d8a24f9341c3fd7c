import { parseRequest } from "../../kinds/certificates/certificate-signing-request/request.ts";
import {
  kubeletClientSigner,
  kubeletServingSigner,
} from "../../kinds/certificates/certificate-signing-request/signers.ts";
import { mirrorPodAnnotation } from "../../kinds/core/pod/mirror-pod.ts";
import type { TokenRequest } from "../../kinds/generated/authentication-v1.ts";
import type { CertificateSigningRequest } from "../../kinds/generated/certificates-v1.ts";
import type { Node, Pod } from "../../kinds/generated/core-v1.ts";
import { notFound } from "../../machinery/errors/status-error.ts";
import { deepEqual } from "../../machinery/meta/accessors.ts";
import { nodeUserPrefix } from "../authentication/user.ts";
import { nodeIdentity } from "../authorization/node-authorizer.ts";
import type { AdmissionPlugin, AdmissionRequest, ObjectReader } from "../types.ts";
import { objectOf, oldObjectOf, refuse } from "./request.ts";

/** Labels in Kubernetes' own domains that a kubelet may set on its node. */
const kubeletLabels = new Set([
  "kubernetes.io/hostname",
  "kubernetes.io/arch",
  "kubernetes.io/os",
  "beta.kubernetes.io/instance-type",
  "node.kubernetes.io/instance-type",
  "failure-domain.beta.kubernetes.io/region",
  "failure-domain.beta.kubernetes.io/zone",
  "topology.kubernetes.io/region",
  "topology.kubernetes.io/zone",
  "beta.kubernetes.io/arch",
  "beta.kubernetes.io/os",
]);
const kubeletLabelDomains = ["kubelet.kubernetes.io", "node.kubernetes.io"];
const restrictedDomain = "node-restriction.kubernetes.io";

/** A node changes only its own objects and those of its pods. */
export function nodeRestriction(reader: ObjectReader): AdmissionPlugin {
  return {
    name: "NodeRestriction",
    admit(request) {
      const node = nodeIdentity(request.user);
      if (node === undefined) return;
      if (node === "") {
        throw refuse(request, `could not determine node from user ${JSON.stringify(request.user.username)}`);
      }
      const { kind, operation } = request;
      switch (kind.group === "" ? kind.plural : `${kind.plural}.${kind.group}`) {
        case "pods":
          return checkPod(request, node, reader);
        case "nodes":
          return checkNode(request, node);
        case "serviceaccounts":
          return checkToken(request, node, reader);
        case "persistentvolumeclaims":
          if (request.subresource !== "status") throw refuse(request, "may only update PVC status");
          return;
        case "leases.coordination.k8s.io":
          return checkNamedAfterNode(
            request,
            node,
            "can only access node lease with the same name as the requesting node",
          );
        case "csinodes.storage.k8s.io":
          if (operation !== "CREATE") return;
          return checkNamedAfterNode(
            request,
            node,
            "can only access CSINode with the same name as the requesting node",
          );
        case "certificatesigningrequests.certificates.k8s.io":
          return checkCertificateRequest(request, node);
      }
    },
  };
}

function checkNamedAfterNode(request: AdmissionRequest, node: string, message: string): void {
  const name = request.name || (request.object?.metadata?.name ?? "");
  if (name !== node) throw refuse(request, message);
}

/** Whatever a node asks of the kubelets' signers is for itself; the rest is the signers' to check. */
function checkCertificateRequest(request: AdmissionRequest, node: string): void {
  if (request.operation !== "CREATE") return;
  const { spec } = objectOf<CertificateSigningRequest>(request);
  if (spec?.signerName !== kubeletServingSigner && spec?.signerName !== kubeletClientSigner) return;
  let commonName: string;
  try {
    commonName = parseRequest(spec.request ?? "").subject.commonName;
  } catch (cause) {
    throw refuse(request, `unable to parse csr: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  if (commonName === `${nodeUserPrefix}${node}`) return;
  throw refuse(request, `can only create a node CSR with CN=${nodeUserPrefix}${node}`);
}

function existingPod({ namespace, name }: AdmissionRequest, reader: ObjectReader): Pod {
  const pod = reader.get<Pod>("", "pods", namespace, name);
  if (pod === undefined) throw notFound({ group: "", plural: "pods" }, name);
  return pod;
}

function checkPod(request: AdmissionRequest, node: string, reader: ObjectReader): void {
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
}

function checkNode(request: AdmissionRequest, node: string): void {
  const name = request.name || (request.object?.metadata?.name ?? "");
  const who = `node ${JSON.stringify(node)}`;
  if (name !== node) throw refuse(request, `${who} is not allowed to modify node ${JSON.stringify(name)}`);
  const created = request.operation === "CREATE";
  if (!created && request.operation !== "UPDATE") return;
  const next = objectOf<Node>(request);
  const old = created ? undefined : oldObjectOf<Node>(request);
  if (old !== undefined && !deepEqual(next.spec?.taints ?? [], old.spec?.taints ?? [])) {
    throw refuse(request, `${who} is not allowed to modify taints`);
  }
  if (old !== undefined && !deepEqual(next.metadata?.ownerReferences ?? [], old.metadata?.ownerReferences ?? [])) {
    throw refuse(request, `${who} is not allowed to modify ownerReferences`);
  }
  const labels = forbiddenLabels(next.metadata?.labels ?? {}, old?.metadata?.labels ?? {});
  if (labels.length === 0) return;
  const list = labels.sort().join(", ");
  if (created) throw refuse(request, `${who} is not allowed to set the following labels: ${list}`);
  throw refuse(request, `is not allowed to modify labels: ${list}`);
}

function forbiddenLabels(next: Record<string, string>, old: Record<string, string>): string[] {
  const keys = new Set([...Object.keys(next), ...Object.keys(old)]);
  return [...keys].filter((key) => next[key] !== old[key] && !mayKubeletSet(key));
}

function mayKubeletSet(label: string): boolean {
  const slash = label.indexOf("/");
  const domain = slash < 0 ? "" : label.slice(0, slash);
  const within = (parent: string): boolean => domain === parent || domain.endsWith(`.${parent}`);
  if (within(restrictedDomain)) return false;
  if (!within("kubernetes.io") && !within("k8s.io")) return true;
  return kubeletLabels.has(label) || kubeletLabelDomains.some(within);
}

function checkToken(request: AdmissionRequest, node: string, reader: ObjectReader): void {
  if (request.operation !== "CREATE" || request.subresource !== "token") return;
  const { spec } = objectOf<TokenRequest>(request);
  const bound = spec?.boundObjectRef;
  if (bound === undefined || bound.apiVersion !== "v1" || bound.kind !== "Pod" || !bound.name) {
    throw refuse(request, "node requested token not bound to a pod");
  }
  if (!bound.uid) throw refuse(request, "node requested token with a pod binding without a uid");
  const pod = existingPod({ ...request, name: bound.name }, reader);
  if (bound.uid !== pod.metadata?.uid) {
    throw refuse(
      request,
      `the UID in the bound object reference (${bound.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  }
  if (pod.spec?.nodeName !== node) {
    throw refuse(request, "node requested token bound to a pod scheduled on a different node");
  }
}
