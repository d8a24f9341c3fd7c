import { createPrivateKey, sign, verify, X509Certificate } from "node:crypto";
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import { describe, expect, it } from "vitest";
import { certificateExpiry, createAuthority, createKeyPair, issueCertificate, signRequest } from "./certificates.ts";
import { parseCertificateRequest } from "./x509/certificate-request.ts";

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
    const notBefore = Date.now() - 60_000;
    const notAfter = notBefore + 3_600_000;
    const sign = (pem: string): Promise<string> =>
      signRequest({ authority, request: parseCertificateRequest(pem), usages: ["client auth"], notBefore, notAfter });
    const csr = await createRequest({ O: ["system:nodes"], CN: ["system:node:worker"] }, { dns: ["worker"] });
    const certificate = new X509Certificate(await sign(csr.toString("pem")));
    expect(certificate.subject).toBe("O=system:nodes\nCN=system:node:worker");
    expect(certificate.checkHost("worker")).toBe("worker");
    expect(certificate.checkIssued(new X509Certificate(authority.certificate))).toBe(true);
    expect(certificate.validToDate.getTime()).toBe(Math.floor(notAfter / 1000) * 1000);
    const forged = Buffer.from(csr.rawData);
    forged[forged.length - 1] = (forged[forged.length - 1] ?? 0) ^ 1;
    await expect(sign(x509.PemConverter.encode(forged, "CERTIFICATE REQUEST"))).rejects.toThrow();
  });

  it("writes names as they were read, whatever is in them", async () => {
    const authority = await createAuthority({ commonName: "miniCA", validityDays: 10 });
    for (const name of ['x"system:masters"y', "#1310", "a, O=system:masters", "a+O=b", "a\\2c", " é \n"]) {
      const csr = await createRequest({ O: [name], CN: ["c"] });
      const request = parseCertificateRequest(csr.toString("pem"));
      expect(request.subject.organizations).toEqual([name]);
      const times = { notBefore: Date.now(), notAfter: Date.now() + 60_000 };
      const pem = await signRequest({ authority, request, usages: ["client auth"], ...times });
      const { subject } = new X509Certificate(pem).toLegacyObject() as unknown as { subject: Record<string, string> };
      expect(subject).toEqual({ O: name, CN: "c" });
    }
  });
});

async function createRequest(
  subject: Record<string, string[]>,
  { dns = [] as string[] } = {},
): Promise<x509.Pkcs10CertificateRequest> {
  const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const exact = Object.entries(subject).map(([type, values]) => ({
    [type]: values.map((utf8String) => ({ utf8String })),
  }));
  return x509.Pkcs10CertificateRequestGenerator.create({
    name: new x509.Name(exact),
    keys,
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    extensions:
      dns.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(dns.map((value) => ({ type: "dns", value })))],
  });
}
