/** NodeRestriction: a node writes its own objects and those of its pods. Fed by who asks; upstream's rules and messages. */
import { parseRequest } from "../../../kinds/certificates/certificate-signing-request/request.ts";
import {
  kubeletClientSigner,
  kubeletServingSigner,
} from "../../../kinds/certificates/certificate-signing-request/signers.ts";
import type { CertificateSigningRequest } from "../../../kinds/generated/certificates-v1.ts";
import type { PersistentVolumeClaim } from "../../../kinds/generated/core-v1.ts";
import type { ResourceSlice } from "../../../kinds/generated/resource-v1.ts";
import { deepEqual } from "../../../machinery/meta/accessors.ts";
import { nodeUserPrefix } from "../../authentication/user.ts";
import { nodeIdentity } from "../../authorization/node-authorizer.ts";
import type { AdmissionPlugin, AdmissionRequest } from "../../types.ts";
import { objectOf, oldObjectOf, refuse } from "../request.ts";
import { checkNode } from "./nodes.ts";
import { checkPod } from "./pods.ts";
import { checkToken, type TokenTools } from "./tokens.ts";

/** A node changes only its own objects and those of its pods. */
export function nodeRestriction(tools: TokenTools): AdmissionPlugin {
  return {
    name: "NodeRestriction",
    admit(request) {
      const node = nodeIdentity(request.user);
      if (node === undefined) return;
      if (node === "") {
        throw refuse(request, `could not determine node from user ${JSON.stringify(request.user.username)}`);
      }
      const { kind } = request;
      switch (kind.group === "" ? kind.plural : `${kind.plural}.${kind.group}`) {
        case "pods":
          return checkPod(request, node, tools.reader);
        case "nodes":
          return checkNode(request, node);
        case "serviceaccounts":
          return checkToken(request, node, tools);
        case "persistentvolumeclaims":
          return checkClaim(request, node);
        case "leases.coordination.k8s.io":
          return checkLease(request, node);
        case "csinodes.storage.k8s.io":
          return checkNamedAfterNode(
            request,
            node,
            "can only access CSINode with the same name as the requesting node",
          );
        case "resourceslices.resource.k8s.io":
          return checkResourceSlice(request, node);
        case "certificatesigningrequests.certificates.k8s.io":
          return checkCertificateRequest(request, node);
      }
    },
  };
}

function checkLease(request: AdmissionRequest, node: string): void {
  if (request.namespace !== "kube-node-lease") {
    throw refuse(request, 'can only access leases in the "kube-node-lease" system namespace');
  }
  checkNamedAfterNode(request, node, "can only access node lease with the same name as the requesting node");
}

function checkNamedAfterNode(request: AdmissionRequest, node: string, message: string): void {
  const name = request.name || (request.object?.metadata?.name ?? "");
  if (name !== node) throw refuse(request, message);
}

/** Of a claim's status, what a node finds out when it has resized the volume. */
function checkClaim(request: AdmissionRequest, node: string): void {
  if (request.subresource !== "status") throw refuse(request, "may only update PVC status");
  if (request.operation !== "UPDATE")
    throw refuse(request, `unexpected operation ${JSON.stringify(request.operation)}`);
  const [old, next] = [oldObjectOf<PersistentVolumeClaim>(request), objectOf<PersistentVolumeClaim>(request)];
  if (deepEqual(withoutReported(old), withoutReported(next))) return;
  throw refuse(
    request,
    `node ${JSON.stringify(node)} is not allowed to update fields other than status.quantity and status.conditions`,
  );
}

function withoutReported({ metadata, status, ...rest }: PersistentVolumeClaim): object {
  const { resourceVersion: _r, managedFields: _m, ...identity } = metadata ?? {};
  const { capacity: _c, conditions: _o, allocatedResourceStatuses: _s, allocatedResources: _a, ...kept } = status ?? {};
  return { ...rest, metadata: identity, status: kept };
}

/** Those that there are already are the node authorizer's to check. */
function checkResourceSlice(request: AdmissionRequest, node: string): void {
  const { operation } = request;
  if (operation !== "CREATE" && operation !== "DELETE") return;
  const slice = operation === "CREATE" ? objectOf<ResourceSlice>(request) : oldObjectOf<ResourceSlice>(request);
  if (slice?.spec?.nodeName === node) return;
  throw refuse(
    request,
    `can only ${operation.toLowerCase()} ResourceSlice with the same NodeName as the requesting node`,
  );
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
