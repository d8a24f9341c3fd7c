import { createHash, X509Certificate } from "node:crypto";
import type { TLSSocket } from "node:tls";
import type { UserInfo } from "../types.ts";
import { credentialIdKey, withAuthenticatedGroup } from "./user.ts";

/** A verified certificate: its common name, and the user it stands for. */
export interface VerifiedCertificate {
  readonly commonName: string;
  readonly user: UserInfo;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
}

const clientAuthentication = "1.3.6.1.5.5.7.3.2";

/** Splits a PEM bundle into its certificates. */
export function parseCertificates(bundle: string): X509Certificate[] {
  const blocks = bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}

/** The certificate that the client of a connection presented; undefined without one. */
export function peerCertificate(socket: TLSSocket): X509Certificate | undefined {
  // Plain sockets (tests) have no such method.
  return socket.getPeerX509Certificate?.() ?? undefined;
}

/**
 * Verifies a client certificate against the CAs: issuer and signature, and the clientAuth usage. Common name becomes
 * the user, organizations its groups (upstream's CommonNameUserConversion). Undefined where no CA issued it; validity
 * in time is the caller's to check at each use.
 */
export function verifyClientCertificate(
  certificate: X509Certificate,
  authorities: readonly X509Certificate[],
): VerifiedCertificate | undefined {
  const issued = authorities.some((ca) => certificate.checkIssued(ca) && certificate.verify(ca.publicKey));
  if (!issued) return undefined;
  const usages = certificate.keyUsage as readonly string[] | undefined;
  if (usages !== undefined && !usages.includes(clientAuthentication)) return undefined;
  const subject = certificate.toLegacyObject().subject as unknown as Record<string, string | string[] | undefined>;
  const commonName = first(subject["CN"]);
  if (commonName === undefined || commonName === "") return undefined;
  const fingerprint = createHash("sha256").update(certificate.raw).digest("hex");
  return {
    commonName,
    user: withAuthenticatedGroup({
      username: commonName,
      groups: [subject["O"] ?? []].flat(),
      extra: { [credentialIdKey]: [`X509SHA256=${fingerprint}`] },
    }),
    notBefore: certificate.validFromDate.getTime(),
    notAfter: certificate.validToDate.getTime(),
  };
}

function first(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
