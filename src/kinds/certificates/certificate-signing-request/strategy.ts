/** Who asks is what the request's authentication says, never what the body says; the spec never changes. */
import { formatTime } from "../../../lib/clock.ts";
import type { WriteContext } from "../../../machinery/kind.ts";
import type {
  CertificateSigningRequest,
  CertificateSigningRequestCondition as Condition,
} from "../../generated/certificates-v1.ts";

export function prepareForCreate(request: CertificateSigningRequest, context: WriteContext): void {
  const { spec } = request;
  spec.username = context.username;
  spec.uid = context.uid;
  spec.groups = context.groups === undefined ? undefined : [...context.groups];
  spec.extra = context.extra === undefined ? undefined : mutableExtra(context.extra);
  request.status = {};
}

export function prepareForUpdate(request: CertificateSigningRequest, old: CertificateSigningRequest): void {
  request.spec = structuredClone(old.spec);
  request.status = structuredClone(old.status);
}

/** Approved and Denied are as they were, where as many come as there are; validation refuses more or fewer. */
export function prepareForStatusUpdate(
  request: CertificateSigningRequest,
  old: CertificateSigningRequest,
  { now }: WriteContext,
): void {
  request.status ??= {};
  const before = old.status?.conditions ?? [];
  const conditions = request.status.conditions ?? [];
  for (const type of ["Approved", "Denied"]) preserve(conditions, before, type);
  setConditionTimes(conditions, before, now);
  if (conditions.length > 0) request.status.conditions = conditions;
}

/** For the subresource approval, where of the request only its conditions change. */
export function prepareForApprovalUpdate(
  request: CertificateSigningRequest,
  old: CertificateSigningRequest,
  now: number,
): CertificateSigningRequest {
  const conditions = structuredClone(request.status?.conditions ?? []);
  setConditionTimes(conditions, old.status?.conditions ?? [], now);
  return { ...request, spec: old.spec, status: { ...old.status, conditions } };
}

function preserve(conditions: Condition[], before: readonly Condition[], type: string): void {
  const kept = before.filter((condition) => condition.type === type);
  const places = conditions.flatMap((condition, index) => (condition.type === type ? [index] : []));
  if (places.length !== kept.length) return;
  places.forEach((place, index) => {
    conditions[place] = structuredClone(kept[index] as Condition);
  });
}

/** Fills lastUpdateTime, and lastTransitionTime where a condition is new or changed its status. Mutates `conditions`. */
function setConditionTimes(conditions: Condition[], before: readonly Condition[], now: number): void {
  const time = formatTime(now);
  for (const condition of conditions) {
    condition.lastUpdateTime ??= time;
    const same = before.find(({ type, status }) => type === condition.type && status === condition.status);
    condition.lastTransitionTime ??= same?.lastTransitionTime ?? time;
  }
}

function mutableExtra(extra: Readonly<Record<string, readonly string[]>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]]));
}
