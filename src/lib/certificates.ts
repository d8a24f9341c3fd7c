/**
 * X.509 certificates for a cluster: authorities, certificates issued by them, signing requests. PEM in and out, keys are
 * ECDSA P-256 in PKCS #8. Serves the launcher (everything in a node's pki folder), the API server (signing requests
 * of kubelets) and tests. The X.509 library is loaded on first use, since most commands never need it.
 */
import { randomBytes, type webcrypto, X509Certificate } from "node:crypto";
import type * as X509 from "@peculiar/x509";

export interface KeyPair {
  /** PKCS #8 PEM. */
  readonly privateKey: string;
  /** SPKI PEM. */
  readonly publicKey: string;
}

export interface IssuedCertificate {
  readonly certificate: string;
  readonly privateKey: string;
}

export type CertificateUsage = "client" | "server";

export interface AuthorityOptions {
  readonly commonName: string;
  readonly validityDays: number;
}

export interface CertificateOptions {
  readonly authority: IssuedCertificate;
  readonly commonName: string;
  /** `O` of the subject: the groups of a client. */
  readonly organizations?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly usages: readonly CertificateUsage[];
  readonly validityDays: number;
}

export interface SignOptions {
  readonly authority: IssuedCertificate;
  /** PKCS #10 request, PEM. */
  readonly request: string;
  readonly usages: readonly CertificateUsage[];
  /** Fractions of a day are fine: `expirationSeconds / 86400`. */
  readonly validityDays: number;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const subjectAlternativeName = "2.5.29.17";
const dayMs = 86_400_000;
/** Certificates are valid from a little before now, for clocks that are not quite the same. */
const backdateMs = 300_000;

let loading: Promise<typeof X509> | undefined;

function loadX509(): Promise<typeof X509> {
  // The library's dependency container refuses to load without the reflection polyfill.
  loading ??= import("reflect-metadata").then(() => import("@peculiar/x509"));
  return loading;
}

/** A new ECDSA P-256 key pair. */
export async function createKeyPair(): Promise<KeyPair> {
  const { PemConverter } = await loadX509();
  const pair = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  return {
    privateKey: `${PemConverter.encode(await crypto.subtle.exportKey("pkcs8", pair.privateKey), "PRIVATE KEY")}\n`,
    publicKey: `${PemConverter.encode(await crypto.subtle.exportKey("spki", pair.publicKey), "PUBLIC KEY")}\n`,
  };
}

/** A self-signed authority that may issue certificates, but no further authorities. */
export async function createAuthority({ commonName, validityDays }: AuthorityOptions): Promise<IssuedCertificate> {
  const x509 = await loadX509();
  const pair = await createKeyPair();
  const publicKey = await importPublicKey(pair.publicKey);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [commonName] }],
    keys: { publicKey, privateKey: await importPrivateKey(pair.privateKey) },
    signingAlgorithm: algorithm,
    ...validity(validityDays),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
    ],
  });
  return { certificate: `${certificate.toString("pem")}\n`, privateKey: pair.privateKey };
}

/** A certificate with a key of its own. */
export async function issueCertificate(options: CertificateOptions): Promise<IssuedCertificate> {
  const { authority, commonName, organizations = [], dnsNames = [], ipAddresses = [], usages, validityDays } = options;
  const x509 = await loadX509();
  const pair = await createKeyPair();
  const names: X509.JsonGeneralNames = [
    ...dnsNames.map((value) => ({ type: "dns" as const, value })),
    ...ipAddresses.map((value) => ({ type: "ip" as const, value })),
  ];
  const certificate = await sign(x509, authority, {
    subject: [...organizations.map((name) => ({ O: [name] })), { CN: [commonName] }],
    publicKey: await importPublicKey(pair.publicKey),
    validityDays,
    extensions: [
      ...usageExtensions(x509, usages),
      ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
    ],
  });
  return { certificate, privateKey: pair.privateKey };
}

/**
 * The certificate that answers a signing request: subject, key and alternative names are the request's, usages are the
 * caller's. Throws when the request is not PEM or its signature does not match its key.
 */
export async function signCsr({ authority, request, usages, validityDays }: SignOptions): Promise<string> {
  const x509 = await loadX509();
  const csr = new x509.Pkcs10CertificateRequest(request);
  if (!(await csr.verify())) throw new Error("the signature of the certificate signing request does not match its key");
  const names = csr.extensions.find((extension) => extension.type === subjectAlternativeName);
  return sign(x509, authority, {
    subject: csr.subject,
    publicKey: csr.publicKey,
    validityDays,
    extensions: [...usageExtensions(x509, usages), ...(names === undefined ? [] : [names])],
  });
}

/** The organizations that a PEM certificate signing request asks for. Throws on what is none. */
export async function organizationsOfCsr(request: string): Promise<readonly string[]> {
  const { Pkcs10CertificateRequest } = await loadX509();
  return new Pkcs10CertificateRequest(request).subjectName.getField("O");
}

/** When a certificate ends, in milliseconds since the epoch. Throws when it is not PEM. */
export function certificateExpiry(certificate: string): number {
  return new X509Certificate(certificate).validToDate.getTime();
}

interface Unsigned {
  readonly subject: string | X509.JsonName;
  readonly publicKey: X509.PublicKeyType;
  readonly validityDays: number;
  readonly extensions: readonly X509.Extension[];
}

async function sign(x509: typeof X509, authority: IssuedCertificate, unsigned: Unsigned): Promise<string> {
  const issuer = new x509.X509Certificate(authority.certificate);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: unsigned.subject,
    issuer: issuer.subject,
    publicKey: unsigned.publicKey,
    signingKey: await importPrivateKey(authority.privateKey),
    signingAlgorithm: algorithm,
    ...validity(unsigned.validityDays),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      ...unsigned.extensions,
    ],
  });
  return `${certificate.toString("pem")}\n`;
}

function usageExtensions(x509: typeof X509, usages: readonly CertificateUsage[]): X509.Extension[] {
  const purposes = usages.map((usage) =>
    usage === "client" ? x509.ExtendedKeyUsage.clientAuth : x509.ExtendedKeyUsage.serverAuth,
  );
  return [
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension(purposes),
  ];
}

function validity(days: number): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - backdateMs), notAfter: new Date(now + days * dayMs) };
}

/** 128 random bits, positive and without a leading zero byte, as RFC 5280 wants. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString("hex");
}

async function importPrivateKey(pem: string): Promise<webcrypto.CryptoKey> {
  const { PemConverter } = await loadX509();
  return crypto.subtle.importKey("pkcs8", PemConverter.decodeFirst(pem), algorithm, true, ["sign"]);
}

async function importPublicKey(pem: string): Promise<webcrypto.CryptoKey> {
  const { PemConverter } = await loadX509();
  return crypto.subtle.importKey("spki", PemConverter.decodeFirst(pem), algorithm, true, ["verify"]);
}
