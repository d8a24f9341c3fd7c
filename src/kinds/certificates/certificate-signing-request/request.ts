import { type CertificateRequest, parseCertificateRequest } from "../../../lib/x509/certificate-request.ts";

/** What `spec.request` (base64 of PEM) asks for. Throws Error where it is malformed; its signature is not checked. */
export function parseRequest(request: string): CertificateRequest {
  return parseCertificateRequest(Buffer.from(request, "base64").toString("latin1"));
}
