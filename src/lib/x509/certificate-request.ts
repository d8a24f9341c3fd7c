/**
 * PKCS #10 requests (RFC 2986), read once: what is checked is what is signed. Synchronous, without the X.509 library,
 * since the API server validates requests with it. Follows Go's crypto/x509 in what it takes and what it leaves out.
 */
import { constants, createPublicKey, type KeyObject, verify } from "node:crypto";
import {
  childrenOf,
  type DerElement,
  derTags,
  malformed,
  readBitString,
  readObjectIdentifier,
  readSingle,
} from "./der.ts";
import { type DistinguishedName, readDistinguishedName } from "./distinguished-name.ts";
import { readSubjectAlternativeNames, type SubjectAlternativeNames } from "./subject-alternative-names.ts";

export interface CertificateRequest extends SubjectAlternativeNames {
  readonly subject: DistinguishedName;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Buffer;
  /** Throws where the signature is not that of the request's key. */
  checkSignature(): void;
}

const extensionRequest = "1.2.840.113549.1.9.14";
const subjectAlternativeName = "2.5.29.17";
const contextZero = 0xa0;
const pemBlock = /-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]+)-----END \1-----/;
/** Go's limits; of the size, that of its TLS. A key of another's choice must not cost more than a signature does. */
const rsa = { minimumBits: 1024, maximumBits: 8192, maximumExponent: 2n ** 31n - 1n };
/** A key may bring along a curve of its own, which has no name. */
const curves = ["secp224r1", "prime256v1", "secp384r1", "secp521r1"];

/** Reads the first PEM block of `pem`. Throws Error where it is not a well-formed request; its signature is not checked. */
export function parseCertificateRequest(pem: string): CertificateRequest {
  const [, type, body = ""] = pemBlock.exec(pem) ?? [];
  if (type !== "CERTIFICATE REQUEST") throw new Error("PEM block type must be CERTIFICATE REQUEST");
  const [signed, algorithm, signature, ...more] = childrenOf(
    readSingle(Buffer.from(body, "base64"), derTags.sequence),
    derTags.sequence,
  );
  if (more.length > 0) throw malformed("syntax error: trailing data");
  const [version, subject, publicKey, attributes, ...rest] = childrenOf(signed, derTags.sequence);
  if (version?.tag !== derTags.integer || rest.length > 0) throw malformed("structure error: tags don't match");
  const key = publicKey?.bytes ?? Buffer.alloc(0);
  childrenOf(publicKey, derTags.sequence);
  const [identifier] = childrenOf(algorithm, derTags.sequence);
  const scheme = readObjectIdentifier(identifier);
  const proof = readBitString(signature);
  return {
    subject: readDistinguishedName(subject),
    publicKey: key,
    ...readSubjectAlternativeNames(requestedExtension(attributes, subjectAlternativeName)),
    checkSignature: () => checkSignature(key, scheme, signed?.bytes ?? Buffer.alloc(0), proof),
  };
}

/** The content of an extension that the request asks for; undefined without it. Throws where one is asked for twice. */
function requestedExtension(attributes: DerElement | undefined, wanted: string): Buffer | undefined {
  if (attributes === undefined) return undefined;
  const extensions = new Map<string, Buffer>();
  for (const attribute of childrenOf(attributes, contextZero)) {
    const [type, values] = childrenOf(attribute, derTags.sequence);
    if (readObjectIdentifier(type) !== extensionRequest) continue;
    for (const list of childrenOf(values, derTags.set)) {
      for (const extension of childrenOf(list, derTags.sequence)) {
        const [identifier, ...parts] = childrenOf(extension, derTags.sequence);
        const name = readObjectIdentifier(identifier);
        const value = parts.at(-1);
        if (extensions.has(name)) throw new Error("x509: certificate request contains duplicate requested extensions");
        if (value?.tag !== derTags.octetString) throw malformed("structure error: tags don't match");
        extensions.set(name, value.content);
      }
    }
  }
  return extensions.get(wanted);
}

interface Scheme {
  readonly keyType: "rsa" | "ec" | "ed25519";
  readonly hash: string | null;
}

/** SHA-1 counts for requests, as in Go: the signature only shows that the sender has the key. */
const schemes: Readonly<Record<string, Scheme>> = {
  "1.2.840.113549.1.1.5": { keyType: "rsa", hash: "sha1" },
  "1.2.840.113549.1.1.11": { keyType: "rsa", hash: "sha256" },
  "1.2.840.113549.1.1.12": { keyType: "rsa", hash: "sha384" },
  "1.2.840.113549.1.1.13": { keyType: "rsa", hash: "sha512" },
  "1.2.840.10045.4.1": { keyType: "ec", hash: "sha1" },
  "1.2.840.10045.4.3.2": { keyType: "ec", hash: "sha256" },
  "1.2.840.10045.4.3.3": { keyType: "ec", hash: "sha384" },
  "1.2.840.10045.4.3.4": { keyType: "ec", hash: "sha512" },
  "1.3.101.112": { keyType: "ed25519", hash: null },
};

function checkSignature(spki: Buffer, identifier: string, signed: Buffer, signature: Buffer): void {
  const scheme = schemes[identifier];
  if (scheme === undefined) throw new Error("x509: cannot verify signature: algorithm unimplemented");
  const key = publicKeyOf(spki);
  if (key.asymmetricKeyType !== scheme.keyType) {
    throw new Error("x509: signature algorithm specifies a key of another type than the request has");
  }
  checkKey(key);
  const padding = scheme.keyType === "rsa" ? { padding: constants.RSA_PKCS1_PADDING } : {};
  if (verifies(scheme.hash, signed, { key, ...padding }, signature)) return;
  throw new Error(
    `${scheme.keyType === "rsa" ? "crypto/rsa: verification error" : "x509: signature verification failure"}`,
  );
}

function checkKey({ asymmetricKeyType: type, asymmetricKeyDetails: details = {} }: KeyObject): void {
  if (type === "ec" && !curves.includes(details.namedCurve ?? "")) throw new Error("x509: unsupported elliptic curve");
  if (type !== "rsa") return;
  const { modulusLength = 0, publicExponent = 0n } = details;
  if (modulusLength < rsa.minimumBits) {
    throw new Error(`crypto/rsa: keys smaller than ${rsa.minimumBits} bits are insecure`);
  }
  if (modulusLength > rsa.maximumBits)
    throw new Error(`crypto/rsa: keys larger than ${rsa.maximumBits} bits are too large`);
  if (publicExponent > rsa.maximumExponent) throw new Error("crypto/rsa: public exponent too large");
}

function publicKeyOf(spki: Buffer): KeyObject {
  try {
    return createPublicKey({ key: spki, format: "der", type: "spki" });
  } catch (cause) {
    throw new Error("x509: invalid public key", { cause });
  }
}

function verifies(hash: string | null, signed: Buffer, key: Parameters<typeof verify>[2], signature: Buffer): boolean {
  try {
    return verify(hash, signed, key, signature);
  } catch (cause) {
    throw new Error("x509: cannot verify signature", { cause });
  }
}
