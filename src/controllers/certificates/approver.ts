/**
 * Approves what kubelets ask for themselves: client certificates as upstream does, and serving certificates, which
 * upstream leaves to an administrator, where every name in them is the node's own. So are renewals of
 * kube-proxy's certificate by itself. RBAC has the last word, on
 * certificatesigningrequests/{selfnodeclient,nodeclient,selfnodeserver,selfproxyclient}. What is not recognised waits for a
 * person.
 */
import { objectPath } from "../../client/paths.ts";
import { certificateSigningRequests, nodes, subjectAccessReviews } from "../../client/resources.ts";
import { parseRequest } from "../../kinds/certificates/certificate-signing-request/request.ts";
import { signerRules } from "../../kinds/certificates/certificate-signing-request/signer-rules.ts";
import {
  clientSigner,
  kubeletClientSigner,
  kubeletServingSigner,
} from "../../kinds/certificates/certificate-signing-request/signers.ts";
import type { CertificateSigningRequest } from "../../kinds/generated/certificates-v1.ts";
import type { CertificateRequest } from "../../lib/x509/certificate-request.ts";
import { metaOf } from "../framework/controller-reference.ts";
import type { ControllerContext } from "../framework/define-controller.ts";
import type { ServingNames } from "./serving-names.ts";

interface Recognizer {
  readonly signer: string;
  /** Subresource of certificatesigningrequests on which the requestor needs `create`. */
  readonly permission: "selfnodeclient" | "nodeclient" | "selfnodeserver" | "selfproxyclient";
  readonly message: string;
  /** Beyond the signer's own rule. */
  accepts(request: CertificateSigningRequest, parsed: CertificateRequest, context: ControllerContext): boolean;
}

const isForRequestor = ({ spec }: CertificateSigningRequest, { subject }: CertificateRequest): boolean =>
  spec.username === subject.commonName;

/** What the launcher issued kube-proxy of every node, and nothing besides. */
function isProxyAgain(request: CertificateSigningRequest, parsed: CertificateRequest): boolean {
  const { subject, dnsNames, ipAddresses, emailAddresses, uris } = parsed;
  const names = dnsNames.length + ipAddresses.length + emailAddresses.length + uris.length;
  const [group, ...others] = subject.organizations;
  return (
    isForRequestor(request, parsed) &&
    subject.commonName === "system:kube-proxy" &&
    (group === undefined || group === "system:node-proxier") &&
    others.length + names === 0
  );
}

const recognizers = (servingNames: ServingNames): readonly Recognizer[] => [
  {
    signer: kubeletClientSigner,
    permission: "selfnodeclient",
    message: "Auto approving self kubelet client certificate after SubjectAccessReview.",
    accepts: isForRequestor,
  },
  {
    signer: kubeletClientSigner,
    permission: "nodeclient",
    message: "Auto approving kubelet client certificate after SubjectAccessReview.",
    accepts: () => true,
  },
  {
    signer: kubeletServingSigner,
    permission: "selfnodeserver",
    message: "Auto approving self kubelet serving certificate after SubjectAccessReview and comparison with the Node.",
    accepts: (request, parsed, context) =>
      isForRequestor(request, parsed) && servingNames.areOfNode(parsed, context.lister(nodes).list()),
  },
  {
    signer: clientSigner,
    permission: "selfproxyclient",
    message: "Auto approving self kube-proxy client certificate after SubjectAccessReview.",
    accepts: isProxyAgain,
  },
];

export interface Approver {
  /** Approves an undecided request where it is recognised and the requestor may; otherwise leaves it alone. */
  handle(request: CertificateSigningRequest, context: ControllerContext): Promise<void>;
}

export function createApprover(servingNames: ServingNames): Approver {
  const known = recognizers(servingNames);
  return {
    async handle(request, context) {
      const { signerName, usages = [] } = request.spec;
      const candidates = known.filter(({ signer }) => signer === signerName);
      if (candidates.length === 0) return;
      const parsed = parseRequest(request.spec.request);
      if (signerRules.get(signerName)?.(parsed, usages) !== undefined) return;
      for (const { permission, message, accepts } of candidates) {
        if (!accepts(request, parsed, context)) continue;
        if (await mayCreate(request, permission, context)) return approve(request, message, context);
      }
    },
  };
}

async function mayCreate(
  { spec }: CertificateSigningRequest,
  subresource: string,
  context: ControllerContext,
): Promise<boolean> {
  const review = await context.client.of(subjectAccessReviews).create({
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    spec: {
      user: spec.username,
      uid: spec.uid,
      groups: spec.groups,
      extra: spec.extra,
      resourceAttributes: {
        group: certificateSigningRequests.group,
        resource: certificateSigningRequests.plural,
        verb: "create",
        subresource,
        version: "*",
      },
    },
  });
  return review.status?.allowed === true;
}

async function approve(
  request: CertificateSigningRequest,
  message: string,
  { client }: ControllerContext,
): Promise<void> {
  const condition = { type: "Approved", status: "True", reason: "AutoApproved", message };
  const conditions = [...(request.status?.conditions ?? []), condition];
  const path = objectPath(certificateSigningRequests, metaOf(request).name, undefined, "approval");
  await client.request("PUT", path, { ...request, status: { ...request.status, conditions } });
}
