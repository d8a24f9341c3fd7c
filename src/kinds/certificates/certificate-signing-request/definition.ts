import { fromTable } from "../../from-table.ts";
import type { CertificateSigningRequest } from "../../generated/certificates-v1.ts";

export const certificateSigningRequest = fromTable<CertificateSigningRequest>(
  "certificates.k8s.io",
  "v1",
  "CertificateSigningRequest",
  {
    shortNames: ["csr"],
    selectableFields: { "spec.signerName": (request) => request.spec.signerName },
  },
);
