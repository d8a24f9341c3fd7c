/** Defaults that the webhook and policy kinds of this group share. */
import type { MatchResources, RuleWithOperations, ValidatingWebhook } from "../generated/admissionregistration-v1.ts";

export function applyWebhookDefaults(webhook: ValidatingWebhook): void {
  webhook.failurePolicy ??= "Fail";
  webhook.timeoutSeconds ??= 10;
  applyMatchDefaults(webhook);
  webhook.rules?.forEach(applyRuleDefaults);
  if (webhook.clientConfig?.service !== undefined) webhook.clientConfig.service.port ??= 443;
}

export function applyMatchDefaults(
  match: Pick<MatchResources, "matchPolicy" | "namespaceSelector" | "objectSelector">,
): void {
  match.matchPolicy ??= "Equivalent";
  match.namespaceSelector ??= {};
  match.objectSelector ??= {};
}

export function applyMatchResourcesDefaults(match: MatchResources | undefined): void {
  if (match === undefined) return;
  applyMatchDefaults(match);
  match.resourceRules?.forEach(applyRuleDefaults);
  match.excludeResourceRules?.forEach(applyRuleDefaults);
}

function applyRuleDefaults(rule: Pick<RuleWithOperations, "scope">): void {
  rule.scope ??= "*";
}
