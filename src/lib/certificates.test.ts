import { createPrivateKey, sign, verify, X509Certificate } from "node:crypto";
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { describe, expect, it } from "vitest";
import { certificateExpiry, createAuthority, createKeyPair, issueCertificate, signCsr } from "./certificates.ts";

describe("certificates", () => {
  it("issues certificates that the authority vouches for", async () => {
    const authority = await createAuthority({ commonName: "miniCA", validityDays: 3650 });
    const issued = await issueCertificate({
      authority,
      commonName: "system:node:mini",
      organizations: ["system:nodes"],
      dnsNames: ["localhost", "kubernetes.default.svc.cluster.local"],
      ipAddresses: ["127.0.0.1", "10.96.0.1"],
      usages: ["server", "client"],
      validityDays: 365,
    });
    const ca = new X509Certificate(authority.certificate);
    const leaf = new X509Certificate(issued.certificate);
    expect(ca.ca).toBe(true);
    expect(leaf.ca).toBe(false);
    expect(leaf.checkIssued(ca)).toBe(true);
    expect(leaf.verify(ca.publicKey)).toBe(true);
    expect(leaf.checkPrivateKey(createPrivateKey(issued.privateKey))).toBe(true);
    expect(leaf.subject).toBe("O=system:nodes\nCN=system:node:mini");
    expect(leaf.checkIP("10.96.0.1")).toBe("10.96.0.1");
    expect(leaf.checkHost("localhost")).toBe("localhost");
    expect(leaf.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"]);
    const days = (certificateExpiry(issued.certificate) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(364.9);
    expect(days).toBeLessThanOrEqual(365);
  });

  it("makes key pairs that sign and verify", async () => {
    const { privateKey, publicKey } = await createKeyPair();
    const data = Buffer.from("a token");
    expect(verify("sha256", data, publicKey, sign("sha256", data, privateKey))).toBe(true);
  });

  it("signs a request with its own subject and names, and refuses a forged one", async () => {
    const authority = await createAuthority({ commonName: "miniCA", validityDays: 10 });
    const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
    const csr = await x509.Pkcs10CertificateRequestGenerator.create({
      name: "O=system:nodes, CN=system:node:worker",
      keys,
      signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
      extensions: [new x509.SubjectAlternativeNameExtension([{ type: "dns", value: "worker" }])],
    });
    const certificate = new X509Certificate(
      await signCsr({ authority, request: csr.toString("pem"), usages: ["client"], validityDays: 1 }),
    );
    expect(certificate.subject).toBe("O=system:nodes\nCN=system:node:worker");
    expect(certificate.checkHost("worker")).toBe("worker");
    expect(certificate.checkIssued(new X509Certificate(authority.certificate))).toBe(true);
    const forged = Buffer.from(csr.rawData);
    forged[forged.length - 1] = (forged[forged.length - 1] ?? 0) ^ 1;
    const request = x509.PemConverter.encode(forged, "CERTIFICATE REQUEST");
    await expect(signCsr({ authority, request, usages: ["client"], validityDays: 1 })).rejects.toThrow();
  });
});
