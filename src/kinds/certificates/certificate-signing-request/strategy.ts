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

/** Approved and Denied are given through the approval subresource alone. */
export function prepareForStatusUpdate(
  request: CertificateSigningRequest,
  old: CertificateSigningRequest,
  { now }: WriteContext,
): void {
  request.status ??= {};
  const decisions = (old.status?.conditions ?? []).filter(isDecision);
  const others = (request.status.conditions ?? []).filter((condition) => !isDecision(condition));
  request.status.conditions = [...structuredClone(decisions), ...others];
  setConditionTimes(request.status.conditions, old.status?.conditions ?? [], now);
}

/** Fills lastUpdateTime, and lastTransitionTime where a condition is new or changed its status. Mutates `conditions`. */
export function setConditionTimes(conditions: Condition[], before: readonly Condition[], now: number): void {
  const time = formatTime(now);
  for (const condition of conditions) {
    condition.lastUpdateTime ??= time;
    const same = before.find(({ type, status }) => type === condition.type && status === condition.status);
    condition.lastTransitionTime ??= same?.lastTransitionTime ?? time;
  }
}

const isDecision = ({ type }: Condition): boolean => type === "Approved" || type === "Denied";

function mutableExtra(extra: Readonly<Record<string, readonly string[]>>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]]));
}
