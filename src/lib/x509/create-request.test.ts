import { createPrivateKey, createPublicKey } from "node:crypto";
import { expect, it } from "vitest";
import { createAuthority, issueCertificate } from "../certificates.ts";
import { describeCertificate } from "./certificate.ts";
import { parseCertificateRequest } from "./certificate-request.ts";
import { createCertificateRequest } from "./create-request.ts";

const wanted = {
  commonName: "system:node:größe",
  organizations: ["system:nodes"],
  // More than one octet of length.
  dnsNames: Array.from({ length: 20 }, (_, i) => `node-${i}.example.com`),
  ipAddresses: ["10.0.0.2", "fd00::2", "::1", "2001:db8:0:1:2:3:4:5"],
};

it("makes requests that are read as they were meant, signed with the key that comes with them", () => {
  const { request, privateKey } = createCertificateRequest(wanted);
  const parsed = parseCertificateRequest(request);
  parsed.checkSignature();
  expect(parsed).toMatchObject({
    dnsNames: wanted.dnsNames,
    ipAddresses: wanted.ipAddresses,
    subject: { commonName: wanted.commonName, organizations: wanted.organizations },
  });
  const spki = createPublicKey(createPrivateKey(privateKey)).export({ format: "der", type: "spki" });
  expect(parsed.publicKey.equals(spki)).toBe(true);
});

it("reads back what a certificate is for", async () => {
  const authority = await createAuthority({ commonName: "ca", validityDays: 1 });
  const now = Date.UTC(2030, 0, 1);
  const { certificate } = await issueCertificate({ authority, ...wanted, usages: ["server"], validityDays: 0.5, now });
  const end = describeCertificate(authority.certificate).notAfter;
  expect(describeCertificate(certificate)).toEqual({
    ...wanted,
    emailAddresses: [],
    uris: [],
    client: false,
    server: true,
    notBefore: now - 300_000,
    notAfter: end,
  });
});
