/**
 * The notation of the tables of default roles. A rule is `verbs | groups | resources` with an optional fourth part of
 * resource names, or `verbs | URLs`; parts are lists separated by blanks, and `core` is the group "". A subject is
 * `User NAME`, `Group NAME` or `ServiceAccount NAMESPACE/NAME`.
 */
import type { PolicyRule, Subject } from "../../kinds/generated/rbac-v1.ts";
import { rbacGroup } from "../../kinds/rbac/rbac-group.ts";

export interface RoleEntry {
  readonly name: string;
  readonly namespace?: string;
  /** Labels `rbac.authorization.k8s.io/aggregate-to-…`, separated by blanks. */
  readonly aggregateTo?: string;
  /** The role collects the rules of those labelled for it. */
  readonly aggregatesFrom?: string;
  readonly rules: readonly string[];
}

export interface BindingEntry {
  readonly name: string;
  readonly namespace?: string;
  readonly role: string;
  readonly subjects: readonly string[];
}

export function parseRule(rule: string): PolicyRule {
  const [verbs, second, third, fourth] = rule.split("|").map((part) => part.trim().split(" "));
  if (verbs === undefined || second === undefined) throw new Error(`malformed rule: ${rule}`);
  if (third === undefined) return { nonResourceURLs: second, verbs };
  return {
    apiGroups: second.map((group) => (group === "core" ? "" : group)),
    ...(fourth === undefined ? {} : { resourceNames: fourth }),
    resources: third,
    verbs,
  };
}

export function parseSubject(subject: string): Subject {
  const space = subject.indexOf(" ");
  const kind = subject.slice(0, space);
  const name = subject.slice(space + 1);
  if (kind !== "ServiceAccount") return { apiGroup: rbacGroup, kind, name };
  const [namespace = "", account = ""] = name.split("/");
  return { kind, name: account, namespace };
}
