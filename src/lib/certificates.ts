/**
 * X.509 certificates for a cluster: authorities, certificates issued by them, signing requests. PEM in and out, keys are
 * ECDSA P-256 in PKCS #8. Serves the launcher (everything in a node's pki folder), the signers of the controller
 * manager and tests. The X.509 library is loaded on first use, since most commands never need it; requests are read by
 * x509/certificate-request.ts.
 */
import { randomBytes, type webcrypto, X509Certificate } from "node:crypto";
import type * as X509 from "@peculiar/x509";
import { describeCertificate } from "./x509/certificate.ts";
import type { CertificateRequest } from "./x509/certificate-request.ts";
import { type RelativeName, relativeName } from "./x509/distinguished-name.ts";
import type { SubjectAlternativeNames } from "./x509/subject-alternative-names.ts";
import { type KeyUsage, keyUsages } from "./x509/usages.ts";

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
  /** Fractions of a day are fine. */
  readonly validityDays: number;
  /** Milliseconds since the epoch. Default: the present. */
  readonly now?: number;
}

export interface SignOptions {
  readonly authority: IssuedCertificate;
  readonly request: CertificateRequest;
  readonly usages: readonly KeyUsage[];
  /** Milliseconds since the epoch; not beyond the authority's own end. */
  readonly notBefore: number;
  readonly notAfter: number;
}

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const dayMs = 86_400_000;
/** Certificates are valid from a little before now, for clocks that are not quite the same. */
export const backdateMs = 300_000;

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
  const certificate = await sign(x509, authority, {
    subject: [...organizations.map((name) => relativeName("O", name)), relativeName("CN", commonName)],
    publicKey: await importPublicKey(pair.publicKey),
    ...validity(validityDays, options.now),
    extensions: extensions(x509, {
      usages: ["digital signature", ...usages.map((usage) => `${usage} auth` as const)],
      names: { dnsNames, ipAddresses, emailAddresses: [], uris: [] },
    }),
  });
  return { certificate, privateKey: pair.privateKey };
}

/** A certificate for the same, with a key of its own and a life as long, from `now` on (milliseconds since the epoch). */
export function reissueCertificate(
  certificate: string,
  authority: IssuedCertificate,
  now = Date.now(),
): Promise<IssuedCertificate> {
  const { client, server, notAfter, ...subject } = describeCertificate(certificate);
  const usages = [...(client ? (["client"] as const) : []), ...(server ? (["server"] as const) : [])];
  const validityDays = (notAfter - issuedAt(certificate)) / dayMs;
  return issueCertificate({ authority, ...subject, usages, validityDays, now });
}

/** When a certificate was made, which is a little after it begins. Milliseconds since the epoch. */
export function issuedAt(certificate: string): number {
  const { notBefore, notAfter } = describeCertificate(certificate);
  return notBefore + backdateMs < notAfter ? notBefore + backdateMs : notBefore;
}

/**
 * The certificate that answers a signing request, as upstream's permissive policy makes it: subject, key and
 * alternative names are the request's, usages and time the caller's, all else that the request asks for is left out.
 * Throws where the request's signature does not match its key. Whether the signer may sign this is the caller's to say.
 */
export async function signRequest({ authority, request, usages, notBefore, notAfter }: SignOptions): Promise<string> {
  request.checkSignature();
  const x509 = await loadX509();
  return sign(x509, authority, {
    subject: request.subject.relative,
    publicKey: new x509.PublicKey(request.publicKey),
    notBefore: new Date(notBefore),
    notAfter: new Date(notAfter),
    extensions: extensions(x509, { usages, names: request }),
  });
}

/** When a certificate ends, in milliseconds since the epoch. Throws when it is not PEM. */
export function certificateExpiry(certificate: string): number {
  return new X509Certificate(certificate).validToDate.getTime();
}

interface Unsigned {
  readonly subject: readonly RelativeName[];
  readonly publicKey: X509.PublicKeyType;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly extensions: readonly X509.Extension[];
}

async function sign(x509: typeof X509, authority: IssuedCertificate, unsigned: Unsigned): Promise<string> {
  const issuer = new x509.X509Certificate(authority.certificate);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: new x509.Name([...unsigned.subject]),
    issuer: issuer.subjectName,
    publicKey: unsigned.publicKey,
    signingKey: await importPrivateKey(authority.privateKey),
    signingAlgorithm: algorithm,
    notBefore: unsigned.notBefore,
    // Nothing outlives who vouches for it.
    notAfter: new Date(Math.min(unsigned.notAfter.getTime(), issuer.notAfter.getTime())),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      ...unsigned.extensions,
    ],
  });
  return `${certificate.toString("pem")}\n`;
}

interface ExtensionOptions {
  readonly usages: readonly KeyUsage[];
  readonly names: SubjectAlternativeNames;
}

function extensions(x509: typeof X509, { usages, names }: ExtensionOptions): X509.Extension[] {
  const { flags, purposes } = keyUsages(usages);
  const alternatives: X509.JsonGeneralNames = [
    ...names.dnsNames.map((value) => ({ type: "dns" as const, value })),
    ...names.emailAddresses.map((value) => ({ type: "email" as const, value })),
    ...names.ipAddresses.map((value) => ({ type: "ip" as const, value })),
    ...names.uris.map((value) => ({ type: "url" as const, value })),
  ];
  return [
    ...(flags === 0 ? [] : [new x509.KeyUsagesExtension(flags, true)]),
    ...(purposes.length === 0 ? [] : [new x509.ExtendedKeyUsageExtension(purposes)]),
    ...(alternatives.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(alternatives)]),
  ];
}

function validity(days: number, now = Date.now()): { notBefore: Date; notAfter: Date } {
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
