import { fromTable } from "../../from-table.ts";
import type { CertificateSigningRequest } from "../../generated/certificates-v1.ts";
import { certificateSigningRequestColumns } from "./columns.ts";
import { validateStatusUpdate } from "./conditions.ts";
import { prepareForCreate, prepareForStatusUpdate, prepareForUpdate } from "./strategy.ts";
import { validateCertificateSigningRequest, validateName } from "./validation.ts";

export const certificateSigningRequest = fromTable<CertificateSigningRequest>(
  "certificates.k8s.io",
  "v1",
  "CertificateSigningRequest",
  {
    shortNames: ["csr"],
    selectableFields: { "spec.signerName": (request) => request.spec.signerName },
    prepareForCreate,
    prepareForUpdate,
    prepareForStatusUpdate,
    validateStatusUpdate,
    validate: validateCertificateSigningRequest,
    validateName,
    columns: certificateSigningRequestColumns,
  },
);
