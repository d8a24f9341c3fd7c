/** A signing request's PEM, usages and signer. The request itself is parsed by the signer. */
import {
  duplicate,
  type FieldError,
  invalidValue,
  notSupportedInOrder,
  required,
} from "../../../machinery/errors/field-error.ts";
import { isDns1123Subdomain, nameIsPathSegment } from "../../../machinery/validation/names.ts";
import { checkEach } from "../../field-checks.ts";
import type { CertificateSigningRequest } from "../../generated/certificates-v1.ts";

export const validateName = nameIsPathSegment;

const usages = [
  "any",
  "cert sign",
  "client auth",
  "code signing",
  "content commitment",
  "crl sign",
  "data encipherment",
  "decipher only",
  "digital signature",
  "email protection",
  "encipher only",
  "ipsec end system",
  "ipsec tunnel",
  "ipsec user",
  "key agreement",
  "key encipherment",
  "microsoft sgc",
  "netscape sgc",
  "ocsp signing",
  "s/mime",
  "server auth",
  "signing",
  "timestamping",
];
const legacySigner = "kubernetes.io/legacy-unknown";
const shortestSeconds = 600;

export function validateCertificateSigningRequest({ spec }: CertificateSigningRequest): FieldError[] {
  const { request = "", signerName, expirationSeconds: seconds } = spec ?? {};
  const errors: FieldError[] = [];
  const pem = Buffer.from(request, "base64").toString();
  if (!/-----BEGIN (NEW )?CERTIFICATE REQUEST-----/.test(pem)) {
    const detail = "PEM block type must be CERTIFICATE REQUEST";
    errors.push(invalidValue("spec.request", request, detail));
  }
  if (!spec?.usages?.length) errors.push(required("spec.usages"));
  errors.push(
    ...checkEach(spec?.usages, "spec.usages", (usage, path, index) => [
      ...(usages.includes(usage) ? [] : [notSupportedInOrder(path, usage, usages)]),
      ...((spec?.usages ?? []).indexOf(usage) < index ? [duplicate(path, usage)] : []),
    ]),
    ...validateSigner(signerName ?? "", "spec.signerName"),
  );
  if (seconds !== undefined && seconds < shortestSeconds) {
    const detail = "may not specify a duration less than 600 seconds (10 minutes)";
    errors.push(invalidValue("spec.expirationSeconds", seconds, detail));
  }
  return errors;
}

function validateSigner(name: string, path: string): FieldError[] {
  if (name === "") return [required(path)];
  if (name === legacySigner) {
    return [invalidValue(path, name, "the legacy signerName is not allowed via this API version")];
  }
  const [domain = "", signer, ...more] = name.split("/");
  if (signer === undefined || more.length > 0) {
    return [
      invalidValue(path, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'"),
    ];
  }
  const errors = isDns1123Subdomain(domain).map((one) =>
    invalidValue(path, domain, `validating label "${domain}": ${one}`),
  );
  if (!domain.includes(".")) {
    errors.push(invalidValue(path, domain, "should be a domain with at least two segments separated by dots"));
  }
  for (const one of isDns1123Subdomain(signer)) {
    errors.push(invalidValue(path, signer, `validating label "${signer}": ${one}`));
  }
  return errors;
}
