import type {
  CertificateSigningRequest,
  CertificateSigningRequestCondition,
} from "../../kinds/generated/certificates-v1.ts";
import { type Clock, formatTime } from "../../lib/clock.ts";
import { type FieldError, forbiddenField, invalidValue } from "../../machinery/errors/field-error.ts";
import { conflict, invalid, modifiedMessage } from "../../machinery/errors/status-error.ts";
import { deepEqual } from "../../machinery/meta/accessors.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import type { SubresourceHandler } from "../types.ts";
import { answer, bodyOf, subjectOf, targetOf } from "./subject.ts";

const group = "certificates.k8s.io";
const plural = "certificatesigningrequests";

/** GET and PUT certificatesigningrequests/NAME/approval: of spec and status only the conditions change. */
export function certificateApprovalHandler(clock: Clock): SubresourceHandler {
  return {
    group,
    plural,
    subresource: "approval",
    async handle(request) {
      if (request.info.verb === "get") return answer(200, subjectOf<CertificateSigningRequest>(request));
      const { status, metadata } = bodyOf<CertificateSigningRequest>(request);
      const change = (object: UnknownObject): UnknownObject => {
        const old = object as unknown as CertificateSigningRequest;
        const expected = metadata?.resourceVersion;
        if (expected && expected !== old.metadata?.resourceVersion) {
          throw conflict({ group, plural }, request.info.name, modifiedMessage);
        }
        const conditions = withTimes(status?.conditions ?? [], old.status?.conditions ?? [], formatTime(clock.now()));
        const errors = validate(conditions, old.status?.conditions ?? []);
        if (errors.length > 0) throw invalid({ group, kind: "CertificateSigningRequest" }, request.info.name, errors);
        return {
          ...object,
          metadata: { ...metadata, name: request.info.name },
          status: { ...old.status, conditions },
        } as UnknownObject;
      };
      const stored = request.dryRun
        ? change(subjectOf<UnknownObject>(request))
        : await request.writer.modify(targetOf(request), change);
      return answer(200, stored);
    },
  };
}

function withTimes(
  conditions: readonly CertificateSigningRequestCondition[],
  old: readonly CertificateSigningRequestCondition[],
  now: string,
): CertificateSigningRequestCondition[] {
  return conditions.map((condition) => {
    const before = old.find(({ type, status }) => type === condition.type && status === condition.status);
    return {
      ...condition,
      lastUpdateTime: condition.lastUpdateTime ?? now,
      lastTransitionTime: condition.lastTransitionTime ?? before?.lastTransitionTime ?? now,
    };
  });
}

function validate(
  conditions: readonly CertificateSigningRequestCondition[],
  old: readonly CertificateSigningRequestCondition[],
): FieldError[] {
  const errors: FieldError[] = [];
  const decisions = new Set(conditions.map(({ type }) => type));
  if (decisions.has("Approved") && decisions.has("Denied")) {
    errors.push(invalidValue("status.conditions", "Approved", "Approved and Denied conditions are mutually exclusive"));
  }
  for (const condition of old) {
    if (condition.type !== "Approved" && condition.type !== "Denied") continue;
    if (conditions.some((one) => deepEqual(one, condition))) continue;
    errors.push(forbiddenField("status.conditions", `updates may not remove a condition of type "${condition.type}"`));
  }
  return errors;
}
