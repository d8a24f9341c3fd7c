/** A signing request: its PEM and signature, usages, signer, duration. Who may ask for what is the signer's to say. */

import { knownKeyUsages } from "../../../lib/x509/usages.ts";
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
import { parseRequest } from "./request.ts";
import { legacyUnknownSigner } from "./signers.ts";

export const validateName = nameIsPathSegment;

const shortestSeconds = 600;

export function validateCertificateSigningRequest({ spec }: CertificateSigningRequest): FieldError[] {
  const { request = "", signerName, expirationSeconds: seconds } = spec ?? {};
  const errors: FieldError[] = [];
  const malformed = requestError(request);
  if (malformed !== undefined) errors.push(invalidValue("spec.request", request, malformed));
  if (!spec?.usages?.length) errors.push(required("spec.usages"));
  errors.push(
    ...checkEach(spec?.usages, "spec.usages", (usage, path, index) => [
      ...(knownKeyUsages.includes(usage) ? [] : [notSupportedInOrder(path, usage, knownKeyUsages)]),
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

function requestError(request: string): string | undefined {
  try {
    parseRequest(request).checkSignature();
    return undefined;
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
}

function validateSigner(name: string, path: string): FieldError[] {
  if (name === "") return [required(path)];
  if (name === legacyUnknownSigner) {
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
