/**
 * The audit log: a line of JSON for what a policy wants to know of. Fed by http (who asks, what, the answer), by
 * authorization and admission (annotations); feeds a file.
 */
import { type Clock, formatMicroTime } from "../../lib/clock.ts";
import { type AuditPolicy, auditPolicyEvaluator } from "../../machinery/audit/policy.ts";
import type { RequestContext } from "../http/request-context.ts";
import type { UserInfo } from "../types.ts";
import { AuditEvent } from "./audit-event.ts";

export interface Auditor {
  /** Called when it is known who asks (undefined: nobody, since authentication failed). Undefined: leaves no trace. */
  begin(context: RequestContext, user: UserInfo | undefined, longRunning: boolean): AuditEvent | undefined;
}

export interface AuditorOptions {
  readonly policy: AuditPolicy;
  readonly clock: Clock;
  /** Takes a line without its end. */
  write(line: string): void;
}

export function createAuditor({ policy, clock, write }: AuditorOptions): Auditor {
  const evaluate = auditPolicyEvaluator(policy);
  const timestamp = (): string => formatMicroTime(clock.now());
  return {
    begin({ request, info, auditId }, user, longRunning) {
      const { verb, isResourceRequest, path, group, resource, subresource, namespace, name } = info;
      const asked = { user, verb, isResourceRequest, path, group, resource, subresource, namespace, name };
      const decision = evaluate(asked);
      if (decision.level === "None") return undefined;
      return new AuditEvent({ decision, auditId, request, info, user, longRunning, timestamp, write });
    },
  };
}
