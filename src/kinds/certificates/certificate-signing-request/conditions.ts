/** The rules of a signing request's status: who decided stays decided, what was issued stays issued. */
import { X509Certificate } from "node:crypto";
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from "../../../machinery/errors/field-error.ts";
import { deepEqual } from "../../../machinery/meta/accessors.ts";
import type {
  CertificateSigningRequest,
  CertificateSigningRequestCondition as Condition,
} from "../../generated/certificates-v1.ts";

const path = "status.conditions";
const decisions = ["Approved", "Denied"];
const lasting = [...decisions, "Failed"];

const ofType = (request: CertificateSigningRequest, type: string): Condition[] =>
  (request.status?.conditions ?? []).filter((condition) => condition.type === type);

/** Whether a condition of that type is there; those of a request are never anything but True. */
export const hasCondition = (request: CertificateSigningRequest, type: string): boolean =>
  ofType(request, type).length > 0;

/** For the subresource approval: Approved and Denied may come, and change, but not go. */
export function validateApprovalUpdate(
  request: CertificateSigningRequest,
  old: CertificateSigningRequest,
): FieldError[] {
  return [...validateConditions(request, old), ...removed(request, old)];
}

/** For the subresource status: Approved and Denied are others' to give, and a certificate is issued once. */
export function validateStatusUpdate(request: CertificateSigningRequest, old: CertificateSigningRequest): FieldError[] {
  return [
    ...validateConditions(request, old),
    ...validateCertificate(request, old),
    ...removed(request, old),
    ...decisions.flatMap((type) => changedDecision(request, old, type)),
  ];
}

/** Faults of the stored object are let pass, as upstream does for those of earlier versions. */
function validateConditions(request: CertificateSigningRequest, old: CertificateSigningRequest): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  const before = old.status?.conditions ?? [];
  const bothBefore = decisions.every((type) => hasCondition(old, type));
  const duplicateBefore = new Set(before.map(({ type }) => type)).size < before.length;
  const emptyBefore = before.some(({ type }) => !type);
  (request.status?.conditions ?? []).forEach(({ type, status }, index) => {
    if (!type && !emptyBefore) errors.push(required(`${path}[${index}].type`));
    const statuses = lasting.includes(type) ? ["True"] : ["False", "True", "Unknown"];
    if (!status) errors.push(required(`${path}[${index}].status`));
    else if (!statuses.includes(status)) errors.push(notSupported(`${path}[${index}].status`, status, statuses));
    const other = decisions.find((one) => decisions.includes(type) && one !== type);
    if (other !== undefined && seen.has(other) && !bothBefore) {
      errors.push(invalidValue(path, type, "Approved and Denied conditions are mutually exclusive"));
    }
    if (seen.has(type) && !duplicateBefore) errors.push(duplicate(`${path}[${index}].type`, type));
    seen.add(type);
  });
  return errors;
}

function removed(request: CertificateSigningRequest, old: CertificateSigningRequest): FieldError[] {
  return lasting
    .filter((type) => ofType(request, type).length < ofType(old, type).length)
    .map((type) => forbiddenField(path, `updates may not remove a condition of type ${JSON.stringify(type)}`));
}

function changedDecision(
  request: CertificateSigningRequest,
  old: CertificateSigningRequest,
  type: string,
): FieldError[] {
  const [next, before] = [ofType(request, type), ofType(old, type)];
  if (next.length < before.length || deepEqual(next, before)) return [];
  const change = next.length > before.length ? "add" : "modify";
  return [forbiddenField(path, `updates may not ${change} a condition of type ${JSON.stringify(type)}`)];
}

function validateCertificate(request: CertificateSigningRequest, old: CertificateSigningRequest): FieldError[] {
  const field = "status.certificate";
  const next = request.status?.certificate ?? "";
  const before = old.status?.certificate ?? "";
  if (next === before) return [];
  const errors: FieldError[] = [];
  const fault = next === "" ? undefined : certificateFault(Buffer.from(next, "base64").toString("latin1"));
  if (fault !== undefined) errors.push(invalidValue(field, "<certificate data>", fault));
  if (before !== "") errors.push(forbiddenField(field, "updates may not modify existing certificate content"));
  return errors;
}

const pemBlock = /-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \1-----/g;

function certificateFault(pem: string): string | undefined {
  let blocks = 0;
  for (const [block, type, body = ""] of pem.matchAll(pemBlock)) {
    if (type !== "CERTIFICATE") return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(type)}`;
    if (body.includes(":")) return "no PEM block headers are permitted";
    try {
      new X509Certificate(block);
    } catch {
      return "x509: malformed certificate";
    }
    blocks++;
  }
  return blocks === 0 ? "must contain at least one CERTIFICATE PEM block" : undefined;
}
