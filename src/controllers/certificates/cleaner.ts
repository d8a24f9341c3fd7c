/** When a signing request has been looked at long enough: upstream's deadlines. */
import { X509Certificate } from "node:crypto";
import type { CertificateSigningRequest } from "../../kinds/generated/certificates-v1.ts";

const hourMs = 3_600_000;
const pendingMs = 24 * hourMs;
const settledMs = hourMs;

/** Milliseconds until the request is to be removed; 0 or less: now. */
export function lifetimeLeft({ metadata, status }: CertificateSigningRequest, now: number): number {
  const conditions = status?.conditions ?? [];
  const created = Date.parse(metadata?.creationTimestamp ?? "");
  const ends = conditions.length === 0 ? [created + pendingMs] : [];
  const issued = status?.certificate !== undefined && status.certificate !== "";
  for (const { type, lastUpdateTime } of conditions) {
    const updated = Date.parse(lastUpdateTime ?? "");
    if (type === "Denied" || type === "Failed") ends.push(updated + settledMs);
    if (type === "Approved") ends.push(updated + (issued ? settledMs : pendingMs));
  }
  if (issued) ends.push(certificateEnd(status.certificate ?? ""));
  const known = ends.filter(Number.isFinite);
  // Conditions of other types alone keep a request for as long as it is pending.
  return Math.min(...(known.length > 0 ? known : [created + pendingMs])) - now;
}

function certificateEnd(certificate: string): number {
  try {
    return new X509Certificate(Buffer.from(certificate, "base64")).validToDate.getTime();
  } catch {
    return Number.NaN;
  }
}
