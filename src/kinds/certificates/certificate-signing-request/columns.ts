import type { Column } from "../../../machinery/kind.ts";
import { humanDuration } from "../../../machinery/table/human-duration.ts";
import { ageColumn, nameColumn, orNone } from "../../column-parts.ts";
import type { CertificateSigningRequest } from "../../generated/certificates-v1.ts";

function condition({ status }: CertificateSigningRequest): string {
  const has = (wanted: string): boolean => !!status?.conditions?.some(({ type }) => type === wanted);
  const decision = has("Denied") ? "Denied" : has("Approved") ? "Approved" : "Pending";
  return `${decision}${has("Failed") ? ",Failed" : ""}${status?.certificate ? ",Issued" : ""}`;
}

export const certificateSigningRequestColumns: readonly Column<CertificateSigningRequest>[] = [
  nameColumn(),
  ageColumn(),
  { name: "SignerName", type: "string", value: ({ spec }) => orNone(spec?.signerName) },
  { name: "Requestor", type: "string", value: ({ spec }) => spec?.username ?? "" },
  {
    name: "RequestedDuration",
    type: "string",
    value: ({ spec }) =>
      spec?.expirationSeconds === undefined ? "<none>" : humanDuration(spec.expirationSeconds * 1000),
  },
  { name: "Condition", type: "string", value: condition },
];
