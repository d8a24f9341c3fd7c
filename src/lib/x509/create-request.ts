/** Makes PKCS #10 requests with a key of their own, without the X.509 library: a node's agent needs nothing else of it. */
import { generateKeyPairSync, sign } from "node:crypto";
import { isIPv4 } from "node:net";
import { encodeElement, encodeObjectIdentifier, encodePem } from "./der-encoding.ts";

export interface RequestedCertificate {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}

export interface NewRequest {
  /** PEM. */
  readonly request: string;
  /** PKCS #8 PEM, ECDSA P-256. */
  readonly privateKey: string;
}

const oids = {
  commonName: "2.5.4.3",
  organization: "2.5.4.10",
  extensionRequest: "1.2.840.113549.1.9.14",
  subjectAlternativeName: "2.5.29.17",
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
} as const;
const tags = { bitString: 0x03, octetString: 0x04, utf8String: 0x0c, sequence: 0x30, set: 0x31, attributes: 0xa0 };
const nameTags = { dns: 0x82, ip: 0x87 };
const versionOne = Buffer.from([0x02, 0x01, 0x00]);

export function createCertificateRequest(wanted: RequestedCertificate): NewRequest {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const signed = encodeElement(
    tags.sequence,
    versionOne,
    encodeSubject(wanted),
    publicKey.export({ format: "der", type: "spki" }),
    encodeElement(tags.attributes, ...encodeAttributes(wanted)),
  );
  const algorithm = encodeElement(tags.sequence, encodeObjectIdentifier(oids.ecdsaWithSha256));
  const signature = encodeElement(tags.bitString, Buffer.from([0]), sign("sha256", signed, privateKey));
  return {
    request: encodePem(encodeElement(tags.sequence, signed, algorithm, signature), "CERTIFICATE REQUEST"),
    privateKey: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
  };
}

function encodeSubject({ organizations, commonName }: RequestedCertificate): Buffer {
  const attribute = (type: string, value: string): Buffer => {
    const text = encodeElement(tags.utf8String, Buffer.from(value, "utf8"));
    return encodeElement(tags.set, encodeElement(tags.sequence, encodeObjectIdentifier(type), text));
  };
  const own = organizations.map((name) => attribute(oids.organization, name));
  return encodeElement(tags.sequence, ...own, attribute(oids.commonName, commonName));
}

function encodeAttributes({ dnsNames, ipAddresses }: RequestedCertificate): Buffer[] {
  const names = [
    ...dnsNames.map((name) => encodeElement(nameTags.dns, Buffer.from(name, "latin1"))),
    ...ipAddresses.map((address) => encodeElement(nameTags.ip, addressOctets(address))),
  ];
  if (names.length === 0) return [];
  const value = encodeElement(tags.octetString, encodeElement(tags.sequence, ...names));
  const extension = encodeElement(tags.sequence, encodeObjectIdentifier(oids.subjectAlternativeName), value);
  const values = encodeElement(tags.set, encodeElement(tags.sequence, extension));
  return [encodeElement(tags.sequence, encodeObjectIdentifier(oids.extensionRequest), values)];
}

function addressOctets(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split(".").map(Number));
  const [head = "", tail] = address.split("::");
  const groups = (text: string | undefined): string[] => (text ? text.split(":") : []);
  const [before, after] = [groups(head), groups(tail)];
  const zeros = Array<string>(8 - before.length - after.length).fill("0");
  return Buffer.from([...before, ...zeros, ...after].map((group) => group.padStart(4, "0")).join(""), "hex");
}
