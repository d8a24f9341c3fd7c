/**
 * Certificate signing requests: approves those of kubelets for themselves, signs approved ones of the built-in
 * signers, and removes old ones. Fed by CertificateSigningRequests.
 */

import { objectPath } from "../../client/paths.ts";
import { certificateSigningRequests } from "../../client/resources.ts";
import {
  clientSigner,
  kubeletClientSigner,
  kubeletServingSigner,
  legacyUnknownSigner,
} from "../../kinds/certificates/certificate-signing-request/signers.ts";
import type { CertificateSigningRequest } from "../../kinds/generated/certificates-v1.ts";
import { type CertificateUsage, certificateExpiry, type IssuedCertificate, signCsr } from "../../lib/certificates.ts";
import { formatTime } from "../../lib/clock.ts";
import { ignoreNotFound } from "../../machinery/errors/ignore-not-found.ts";
import { metaOf } from "../framework/controller-reference.ts";
import { type Controller, type ControllerContext, defineController } from "../framework/define-controller.ts";

const signers = new Set([clientSigner, kubeletClientSigner, kubeletServingSigner, legacyUnknownSigner]);

const daySeconds = 86_400;
/** Upstream's cluster-signing-duration. */
const longestSeconds = 365 * daySeconds;
const hourMs = 3_600_000;
const pendingLifetimeMs = 24 * hourMs;

/** `authority`: the cluster's own, whose clients the API server trusts. */
export function createCertificateController(authority: IssuedCertificate): Controller {
  return defineController({
    name: "certificatesigningrequest",
    primary: certificateSigningRequests,
    workers: 1,
    async reconcile(name, context) {
      const request = context.lister(certificateSigningRequests).get(name);
      if (request === undefined) return;
      const left = lifetimeLeft(request, context.clock.now());
      if (left <= 0) {
        await ignoreNotFound(context.client.of(certificateSigningRequests).delete(name));
        return;
      }
      context.enqueue(name, left);
      if (isKubeletsOwn(request) && !decided(request)) return approve(request, context);
      if (has(request, "Approved") && !has(request, "Failed") && !request.status?.certificate) {
        await sign(request, authority, context);
      }
    },
  });
}

const has = ({ status }: CertificateSigningRequest, type: string): boolean =>
  status?.conditions?.some((condition) => condition.type === type) === true;
const decided = (request: CertificateSigningRequest): boolean => has(request, "Approved") || has(request, "Denied");

/** Pending ones go after a day, denied, failed and issued ones after an hour, and with their certificate's end. */
function lifetimeLeft(request: CertificateSigningRequest, now: number): number {
  const created = Date.parse(request.metadata?.creationTimestamp ?? "");
  const last = (request.status?.conditions ?? [])
    .map(({ lastUpdateTime }) => Date.parse(lastUpdateTime ?? ""))
    .filter(Number.isFinite);
  const since = Math.max(created, ...last);
  const settled = has(request, "Denied") || has(request, "Failed") || request.status?.certificate !== undefined;
  return (settled ? since + hourMs : created + pendingLifetimeMs) - now;
}

/** A kubelet that renews its own client certificate, or a new one that joins. */
function isKubeletsOwn({ spec }: CertificateSigningRequest): boolean {
  if (spec.signerName !== kubeletClientSigner) return false;
  const groups = spec.groups ?? [];
  return groups.includes("system:nodes") || groups.includes("system:bootstrappers");
}

async function approve(request: CertificateSigningRequest, context: ControllerContext): Promise<void> {
  const now = formatTime(context.clock.now());
  const condition = {
    type: "Approved",
    status: "True",
    reason: "AutoApproved",
    message: "Auto approving kubelet client certificate after SubjectAccessReview.",
    lastUpdateTime: now,
    lastTransitionTime: now,
  };
  const conditions = [...(request.status?.conditions ?? []), condition];
  const path = objectPath(certificateSigningRequests, metaOf(request).name, undefined, "approval");
  await context.client.request("PUT", path, { ...request, status: { ...request.status, conditions } });
}

async function sign(
  request: CertificateSigningRequest,
  authority: IssuedCertificate,
  context: ControllerContext,
): Promise<void> {
  const { spec } = request;
  if (!signers.has(spec.signerName)) return;
  const usages = certificateUsages(spec.usages ?? []);
  const wanted = Math.min(spec.expirationSeconds ?? longestSeconds, longestSeconds);
  const authorityLeft = (certificateExpiry(authority.certificate) - context.clock.now()) / 1000;
  const certificate = await signCsr({
    authority,
    request: Buffer.from(spec.request, "base64").toString("utf8"),
    usages,
    validityDays: Math.min(wanted, authorityLeft) / daySeconds,
  });
  const status = { ...request.status, certificate: Buffer.from(certificate).toString("base64") };
  await context.client.of(certificateSigningRequests).updateStatus({ ...request, status });
}

function certificateUsages(usages: readonly string[]): CertificateUsage[] {
  const found: CertificateUsage[] = [];
  if (usages.includes("client auth")) found.push("client");
  if (usages.includes("server auth")) found.push("server");
  return found;
}
