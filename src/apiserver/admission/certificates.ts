import { isDeepStrictEqual } from "node:util";
import { parseRequest } from "../../kinds/certificates/certificate-signing-request/request.ts";
import { clientSigner } from "../../kinds/certificates/certificate-signing-request/signers.ts";
import type { CertificateSigningRequest } from "../../kinds/generated/certificates-v1.ts";
import type { RuleAuthorizer } from "../authorization/index.ts";
import type { AdmissionPlugin, AdmissionRequest, ObjectReader, UserInfo } from "../types.ts";
import { concerns, objectOf, oldObjectOf, refuse } from "./request.ts";

const group = "certificates.k8s.io";
const plural = "certificatesigningrequests";

/** Whether the user may `approve` or `sign` for a signer, by its name or by its domain (`example.com/*`). */
function mayActFor(authorizer: RuleAuthorizer, user: UserInfo, verb: string, signer: string): boolean {
  const domain = signer.split("/")[0] ?? "";
  for (const name of [signer, `${domain}/*`]) {
    const decision = authorizer.authorize({
      user,
      info: {
        path: "",
        verb,
        isResourceRequest: true,
        group,
        version: "*",
        resource: "signers",
        subresource: "",
        namespace: "",
        name,
      },
    });
    if (decision.allowed) return true;
  }
  return false;
}

/** Only those who may `approve` for the signer approve or deny a request. */
export function certificateApproval(authorizer: RuleAuthorizer, reader: ObjectReader): AdmissionPlugin {
  return {
    name: "CertificateApproval",
    validate(request) {
      if (!concerns(request, group, plural, { subresource: "approval", operations: ["UPDATE"] })) return;
      // The stored signer counts: the body might name another one.
      const signer = reader.get<CertificateSigningRequest>(group, plural, "", request.name)?.spec.signerName ?? "";
      if (mayActFor(authorizer, request.user, "approve", signer)) return;
      throw refuse(request, `user not permitted to approve requests with signerName ${JSON.stringify(signer)}`);
    },
  };
}

/** Only those who may `sign` for the signer set a certificate, or say that signing failed. */
export function certificateSigning(authorizer: RuleAuthorizer): AdmissionPlugin {
  return {
    name: "CertificateSigning",
    validate(request) {
      if (!concerns(request, group, plural, { subresource: "status", operations: ["UPDATE"] })) return;
      const old = oldObjectOf<CertificateSigningRequest>(request);
      const { status } = objectOf<CertificateSigningRequest>(request);
      const same = (field: "certificate" | "conditions"): boolean =>
        isDeepStrictEqual(old.status?.[field], status?.[field]);
      if (same("certificate") && same("conditions")) return;
      const signer = old.spec.signerName;
      if (mayActFor(authorizer, request.user, "sign", signer)) return;
      throw refuse(request, `user not permitted to sign requests with signerName ${JSON.stringify(signer)}`);
    },
  };
}

/** Nobody becomes system:masters through a signing request. */
export const certificateSubjectRestriction: AdmissionPlugin = {
  name: "CertificateSubjectRestriction",
  validate(request) {
    if (!concerns(request, group, plural, { operations: ["CREATE"] })) return;
    const { spec } = objectOf<CertificateSigningRequest>(request);
    if (spec.signerName === clientSigner) return checkOrganizations(request, spec.request);
  },
};

function checkOrganizations(request: AdmissionRequest, encoded: string): void {
  let organizations: readonly string[];
  try {
    organizations = parseRequest(encoded).subject.organizations;
  } catch (cause) {
    throw refuse(request, `failed to parse CSR: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  if (!organizations.includes("system:masters")) return;
  throw refuse(request, `use of ${clientSigner} signer with system:masters group is not allowed`);
}
