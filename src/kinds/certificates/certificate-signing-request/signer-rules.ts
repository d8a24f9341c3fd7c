/**
 * What each built-in signer signs, as upstream's helpers say it. Approver and signer ask each for themselves: that a
 * request was approved says who let it pass, not that it is one for the signer.
 */
import type { CertificateRequest } from "../../../lib/x509/certificate-request.ts";
import { clientSigner, kubeletClientSigner, kubeletServingSigner, legacyUnknownSigner } from "./signers.ts";

const nodesOrganization = "system:nodes";
const nodeNamePrefix = "system:node:";

/** Undefined: the signer may sign it; otherwise why not, in upstream's words. */
export type SignerRule = (request: CertificateRequest, usages: readonly string[]) => string | undefined;

export const signerRules: ReadonlyMap<string, SignerRule> = new Map<string, SignerRule>([
  [clientSigner, checkClient],
  [kubeletClientSigner, checkKubeletClient],
  [kubeletServingSigner, checkKubeletServing],
  // Without rules, as upstream; v1 of the API lets nobody ask for it.
  [legacyUnknownSigner, () => undefined],
]);

function checkClient(_request: CertificateRequest, usages: readonly string[]): string | undefined {
  const allowed = ["digital signature", "key encipherment", "client auth"];
  const other = usages.find((usage) => !allowed.includes(usage));
  if (other !== undefined) return `invalid usage for client certificate: ${other}`;
  return usages.includes("client auth") ? undefined : "missing required usage for client certificate: client auth";
}

function checkKubeletClient(request: CertificateRequest, usages: readonly string[]): string | undefined {
  return (
    checkOrganization(request) ??
    without("DNS", request.dnsNames) ??
    without("Email", request.emailAddresses) ??
    without("IP", request.ipAddresses) ??
    without("URI", request.uris) ??
    checkCommonName(request) ??
    checkUsages(usages, "client auth")
  );
}

function checkKubeletServing(request: CertificateRequest, usages: readonly string[]): string | undefined {
  const named = request.dnsNames.length + request.ipAddresses.length > 0;
  return (
    checkOrganization(request) ??
    (named ? undefined : "DNS or IP subjectAltName is required") ??
    without("Email", request.emailAddresses) ??
    without("URI", request.uris) ??
    checkUsages(usages, "server auth") ??
    checkCommonName(request)
  );
}

function checkOrganization({ subject }: CertificateRequest): string | undefined {
  const [only, ...others] = subject.organizations;
  return only === nodesOrganization && others.length === 0 ? undefined : "subject organization is not system:nodes";
}

function checkCommonName({ subject }: CertificateRequest): string | undefined {
  if (subject.commonName.startsWith(nodeNamePrefix)) return undefined;
  return "subject common name does not begin with system:node:";
}

function without(kind: string, names: readonly string[]): string | undefined {
  return names.length === 0 ? undefined : `${kind} subjectAltNames are not allowed`;
}

/** Key encipherment is for RSA keys alone and may be left out. */
function checkUsages(usages: readonly string[], purpose: string): string | undefined {
  const required = ["digital signature", "key encipherment", purpose].sort();
  const found = new Set(usages);
  const missing = required.some((usage) => usage !== "key encipherment" && !found.has(usage));
  if (!missing && [...found].every((usage) => required.includes(usage))) return undefined;
  return `usages did not match [${required.join(" ")}]`;
}
