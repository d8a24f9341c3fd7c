/**
 * The signers of the control plane: one for each name in `signerRules`. An approved request that is none for its
 * signer gets the condition Failed and never a certificate.
 */
import { certificateSigningRequests } from "../../client/resources.ts";
import { parseRequest } from "../../kinds/certificates/certificate-signing-request/request.ts";
import { signerRules } from "../../kinds/certificates/certificate-signing-request/signer-rules.ts";
import type { CertificateSigningRequest } from "../../kinds/generated/certificates-v1.ts";
import { backdateMs, certificateExpiry, type IssuedCertificate, signRequest } from "../../lib/certificates.ts";
import { formatTime } from "../../lib/clock.ts";
import { isKeyUsage } from "../../lib/x509/usages.ts";
import type { ControllerContext } from "../framework/define-controller.ts";

export interface SignerOptions {
  /** The cluster's own, whose clients the API server trusts. */
  readonly authority: IssuedCertificate;
  /** The longest that a certificate is good for, and how long without a wish; upstream's cluster-signing-duration. */
  readonly longestMs: number;
}

const shortestMs = 600_000;
/** The end of certificates of longer life is backdated as their beginning is. */
const shortLifeMs = 8 * 3_600_000;

/** Signs an approved request, or says in its status why not. Does nothing for signers that are not the control plane's. */
export async function sign(
  request: CertificateSigningRequest,
  { authority, longestMs }: SignerOptions,
  context: ControllerContext,
): Promise<void> {
  const { signerName, usages = [], expirationSeconds } = request.spec;
  const rule = signerRules.get(signerName);
  if (rule === undefined) return;
  const parsed = parseRequest(request.spec.request);
  const fault = rule(parsed, usages);
  if (fault !== undefined) return fail(request, fault, context);
  const wantedMs = expirationSeconds === undefined ? longestMs : expirationSeconds * 1000;
  const certificate = await signRequest({
    authority,
    request: parsed,
    usages: usages.filter(isKeyUsage),
    ...validity(Math.min(Math.max(wantedMs, shortestMs), longestMs), authority, context.clock.now()),
  });
  const status = { ...request.status, certificate: Buffer.from(certificate).toString("base64") };
  await context.client.of(certificateSigningRequests).updateStatus({ ...request, status });
}

function validity(
  lifeMs: number,
  { certificate }: IssuedCertificate,
  now: number,
): { notBefore: number; notAfter: number } {
  const end = certificateExpiry(certificate);
  if (now >= end) {
    throw new Error(`refusing to sign a certificate that expired in the past: NotAfter=${new Date(end).toISOString()}`);
  }
  const notAfter = now + (lifeMs < shortLifeMs ? lifeMs : lifeMs - backdateMs);
  return { notBefore: now - backdateMs, notAfter: Math.min(notAfter, end) };
}

async function fail(
  request: CertificateSigningRequest,
  message: string,
  { client, clock }: ControllerContext,
): Promise<void> {
  const condition = {
    type: "Failed",
    status: "True",
    reason: "SignerValidationFailure",
    message,
    lastUpdateTime: formatTime(clock.now()),
  };
  const conditions = [...(request.status?.conditions ?? []), condition];
  await client.of(certificateSigningRequests).updateStatus({ ...request, status: { ...request.status, conditions } });
}
