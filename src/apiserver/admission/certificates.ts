import { isDeepStrictEqual } from "node:util";
import type { CertificateSigningRequest } from "../../kinds/generated/certificates-v1.ts";
import type { AdmissionPlugin, Authorizer, ObjectReader, UserInfo } from "../types.ts";
import { concerns, objectOf, oldObjectOf, refuse } from "./request.ts";

const group = "certificates.k8s.io";
const plural = "certificatesigningrequests";
const clientSigner = "kubernetes.io/kube-apiserver-client";

/** Whether the user may `approve` or `sign` for a signer, by its name or by its domain (`example.com/*`). */
async function mayActFor(authorizer: Authorizer, user: UserInfo, verb: string, signer: string): Promise<boolean> {
  const domain = signer.split("/")[0] ?? "";
  for (const name of [signer, `${domain}/*`]) {
    const decision = await authorizer.authorize({
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

export function certificateApproval(authorizer: Authorizer, reader: ObjectReader): AdmissionPlugin {
  return {
    name: "CertificateApproval",
    async validate(request) {
      if (!concerns(request, group, plural, { subresource: "approval", operations: ["UPDATE"] })) return;
      // The stored signer counts: the body might name another one.
      const signer = reader.get<CertificateSigningRequest>(group, plural, "", request.name)?.spec.signerName ?? "";
      if (await mayActFor(authorizer, request.user, "approve", signer)) return;
      throw refuse(request, `user not permitted to approve requests with signerName ${JSON.stringify(signer)}`);
    },
  };
}

export function certificateSigning(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: "CertificateSigning",
    async validate(request) {
      if (!concerns(request, group, plural, { subresource: "status", operations: ["UPDATE"] })) return;
      const old = oldObjectOf<CertificateSigningRequest>(request);
      const { status } = objectOf<CertificateSigningRequest>(request);
      const same = (field: "certificate" | "conditions"): boolean =>
        isDeepStrictEqual(old.status?.[field], status?.[field]);
      if (same("certificate") && same("conditions")) return;
      const signer = old.spec.signerName;
      if (await mayActFor(authorizer, request.user, "sign", signer)) return;
      throw refuse(request, `user not permitted to sign requests with signerName ${JSON.stringify(signer)}`);
    },
  };
}

/** Nobody becomes system:masters through a signing request. */
export const certificateSubjectRestriction: AdmissionPlugin = {
  name: "CertificateSubjectRestriction",
  async validate(request) {
    if (!concerns(request, group, plural, { operations: ["CREATE"] })) return;
    const { spec } = objectOf<CertificateSigningRequest>(request);
    if (spec.signerName !== clientSigner) return;
    const { Pkcs10CertificateRequest } = await import("@peculiar/x509");
    let organizations: string[];
    try {
      const pem = Buffer.from(spec.request, "base64").toString("utf8");
      organizations = new Pkcs10CertificateRequest(pem).subjectName.getField("O");
    } catch (cause) {
      throw refuse(request, `failed to parse CSR: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
    if (!organizations.includes("system:masters")) return;
    throw refuse(request, `use of ${clientSigner} signer with system:masters group is not allowed`);
  },
};
