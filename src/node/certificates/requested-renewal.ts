/** Renewal by asking the API server: a CertificateSigningRequest that its controller approves and signs, as kubelets do. */
import { certificateSigningRequests } from "../../client/resources.ts";
import type { Client } from "../../client/types.ts";
import { hasCondition } from "../../kinds/certificates/certificate-signing-request/conditions.ts";
import type { CertificateSigningRequest } from "../../kinds/generated/certificates-v1.ts";
import { type IssuedCertificate, issuedAt } from "../../lib/certificates.ts";
import type { Clock } from "../../lib/clock.ts";
import { describeCertificate } from "../../lib/x509/certificate.ts";
import { createCertificateRequest } from "../../lib/x509/create-request.ts";

export interface RequestedRenewal {
  readonly signerName: string;
  /** Asks in the name of who may have such a certificate. */
  client(): Promise<Client>;
  readonly clock: Clock;
}

const shortestSeconds = 600;
const pollMs = 1_000;
/** Upstream's: for so long a request is waited for before another is made. */
const patienceMs = 15 * 60_000;
/** The launcher's certificates have them; the approver lets no node have them. */
const isLoopback = (name: string): boolean => name === "localhost" || name === "127.0.0.1" || name === "::1";

/** Asks for a certificate for the same, for as long. Rejects where the request is denied, failed, or not answered. */
export async function requestRenewal(
  { certificate }: IssuedCertificate,
  { signerName, client: connect, clock }: RequestedRenewal,
  signal: AbortSignal,
): Promise<IssuedCertificate> {
  const client = await connect();
  const { commonName, organizations, dnsNames, ipAddresses, server, notAfter } = describeCertificate(certificate);
  const { request, privateKey } = createCertificateRequest({
    commonName,
    organizations,
    dnsNames: dnsNames.filter((name) => !isLoopback(name)),
    ipAddresses: ipAddresses.filter((address) => !isLoopback(address)),
  });
  const created = await client.of(certificateSigningRequests).create({
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    metadata: { generateName: "csr-" },
    spec: {
      signerName,
      request: Buffer.from(request).toString("base64"),
      usages: ["digital signature", server ? "server auth" : "client auth"],
      expirationSeconds: Math.max(shortestSeconds, Math.round((notAfter - issuedAt(certificate)) / 1000)),
    },
  });
  const issued = await awaitCertificate(created.metadata?.name ?? "", { client, clock, signal });
  return { certificate: issued, privateKey };
}

async function awaitCertificate(
  name: string,
  { client, clock, signal }: { client: Client; clock: Clock; signal: AbortSignal },
): Promise<string> {
  const until = clock.now() + patienceMs;
  for (;;) {
    const request = await client.of(certificateSigningRequests).get(name);
    const { certificate } = request.status ?? {};
    if (certificate) return Buffer.from(certificate, "base64").toString("utf8");
    const refusal = ["Denied", "Failed"].find((type) => hasCondition(request, type));
    if (refusal !== undefined)
      throw new Error(`the signing request ${name} is ${refusal}: ${messageOf(request, refusal)}`);
    if (clock.now() > until) throw new Error(`the signing request ${name} was not answered`);
    await clock.sleep(pollMs, signal);
  }
}

function messageOf({ status }: CertificateSigningRequest, type: string): string {
  return status?.conditions?.find((condition) => condition.type === type)?.message ?? "";
}
