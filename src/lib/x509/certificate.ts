/** What a certificate of the cluster is for, read back from it: what its successor has to be for, too. */
import { X509Certificate } from "node:crypto";
import { childrenOf, type DerElement, derTags, readObjectIdentifier, readSingle } from "./der.ts";
import { readDistinguishedName } from "./distinguished-name.ts";
import { readSubjectAlternativeNames, type SubjectAlternativeNames } from "./subject-alternative-names.ts";

export interface CertificateDescription extends SubjectAlternativeNames {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly client: boolean;
  readonly server: boolean;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
}

const clientAuthentication = "1.3.6.1.5.5.7.3.2";
const serverAuthentication = "1.3.6.1.5.5.7.3.1";
const subjectAlternativeName = "2.5.29.17";
const tags = { version: 0xa0, extensions: 0xa3 };
/** Of the fields of a TBSCertificate behind its version: serial number, signature, issuer, validity, subject. */
const subjectIndex = 4;

/** Throws where `pem` is no certificate. */
export function describeCertificate(pem: string): CertificateDescription {
  const certificate = new X509Certificate(pem);
  const [signed] = childrenOf(readSingle(certificate.raw, derTags.sequence), derTags.sequence);
  const fields = childrenOf(signed, derTags.sequence).filter(({ tag }) => tag !== tags.version);
  const { commonName, organizations } = readDistinguishedName(fields[subjectIndex]);
  const purposes: readonly string[] = certificate.keyUsage ?? [];
  return {
    commonName,
    organizations,
    ...readSubjectAlternativeNames(extension(fields, subjectAlternativeName)),
    client: purposes.includes(clientAuthentication),
    server: purposes.includes(serverAuthentication),
    notBefore: certificate.validFromDate.getTime(),
    notAfter: certificate.validToDate.getTime(),
  };
}

function extension(fields: readonly DerElement[], wanted: string): Buffer | undefined {
  const element = fields.find(({ tag }) => tag === tags.extensions);
  if (element === undefined) return undefined;
  for (const one of childrenOf(readSingle(element.content, derTags.sequence), derTags.sequence)) {
    const [identifier, ...parts] = childrenOf(one, derTags.sequence);
    if (readObjectIdentifier(identifier) === wanted) return parts.at(-1)?.content;
  }
  return undefined;
}
