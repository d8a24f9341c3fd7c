/**
 * The variable `authorizer` of admission expressions:
 * `authorizer.group('apps').resource('deployments').namespace('x').check('create').allowed()`. Decisions must be there
 * at once, which RBAC's are.
 */
import type { Environment } from "@marcbachmann/cel-js";
import { nameIsDnsLabel, nameIsDnsSubdomain } from "../../machinery/validation/names.ts";
import type { AuthorizationDecision, AuthorizationRequest, Authorizer, UserInfo } from "../types.ts";

export class CelAuthorizer {
  readonly authorizer: Authorizer;
  readonly user: UserInfo;

  constructor(authorizer: Authorizer, user: UserInfo) {
    this.authorizer = authorizer;
    this.user = user;
  }
}

class PathCheck {
  readonly of: CelAuthorizer;
  readonly path: string;

  constructor(of: CelAuthorizer, path: string) {
    this.of = of;
    this.path = path;
  }
}

interface Subject {
  readonly group: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
}

class GroupCheck {
  readonly of: CelAuthorizer;
  readonly subject: Subject;

  constructor(of: CelAuthorizer, subject: Subject) {
    this.of = of;
    this.subject = subject;
  }
}

class ResourceCheck extends GroupCheck {
  with(change: Partial<Subject>): ResourceCheck {
    return new ResourceCheck(this.of, { ...this.subject, ...change });
  }
}

class Decision {
  readonly decision: AuthorizationDecision;

  constructor(decision: AuthorizationDecision) {
    this.decision = decision;
  }
}

function decide({ authorizer, user }: CelAuthorizer, info: AuthorizationRequest["info"]): Decision {
  const decision = authorizer.authorize({ user, info });
  if (decision instanceof Promise) throw new Error("the decision takes longer than an expression may");
  return new Decision(decision);
}

function decideResource({ of, subject }: ResourceCheck, verb: string): Decision {
  const { group, resource = "", subresource = "", namespace = "", name = "" } = subject;
  const info = { path: "", verb, isResourceRequest: true, group, version: "*", resource, subresource, namespace, name };
  const { fieldSelector = "", labelSelector = "" } = subject;
  if (fieldSelector === "" && labelSelector === "") return decide(of, info);
  return decide(of, { ...info, query: new URLSearchParams({ fieldSelector, labelSelector }) });
}

function decidePath({ of, path }: PathCheck, verb: string): Decision {
  const nothing = { group: "", version: "", resource: "", subresource: "", namespace: "", name: "" };
  return decide(of, { path, verb, isResourceRequest: false, ...nothing });
}

/** Throws an Error on names that no service account can have. */
function asServiceAccount({ authorizer }: CelAuthorizer, namespace: string, name: string): CelAuthorizer {
  if (nameIsDnsSubdomain(name, false).length > 0) throw new Error("Invalid service account name");
  if (nameIsDnsLabel(namespace, false).length > 0) throw new Error("Invalid service account namespace");
  const groups = ["system:serviceaccounts", `system:serviceaccounts:${namespace}`];
  return new CelAuthorizer(authorizer, { username: `system:serviceaccount:${namespace}:${name}`, groups });
}

export function registerAuthorizer(environment: Environment): void {
  environment
    .registerType("kubernetes.authorization.Authorizer", { ctor: CelAuthorizer, fields: {} })
    .registerType("kubernetes.authorization.PathCheck", { ctor: PathCheck, fields: {} })
    .registerType("kubernetes.authorization.GroupCheck", { ctor: GroupCheck, fields: {} })
    .registerType("kubernetes.authorization.ResourceCheck", { ctor: ResourceCheck, fields: {} })
    .registerType("kubernetes.authorization.Decision", { ctor: Decision, fields: {} })
    .registerFunction(
      "kubernetes.authorization.Authorizer.path(string): kubernetes.authorization.PathCheck",
      (of: CelAuthorizer, path: string) => new PathCheck(of, path),
    )
    .registerFunction("kubernetes.authorization.PathCheck.check(string): kubernetes.authorization.Decision", decidePath)
    .registerFunction(
      "kubernetes.authorization.Authorizer.group(string): kubernetes.authorization.GroupCheck",
      (of: CelAuthorizer, group: string) => new GroupCheck(of, { group }),
    )
    .registerFunction(
      "kubernetes.authorization.GroupCheck.resource(string): kubernetes.authorization.ResourceCheck",
      ({ of, subject }: GroupCheck, resource: string) => new ResourceCheck(of, { ...subject, resource }),
    )
    .registerFunction(
      "kubernetes.authorization.ResourceCheck.subresource(string): kubernetes.authorization.ResourceCheck",
      (check: ResourceCheck, subresource: string) => check.with({ subresource }),
    )
    .registerFunction(
      "kubernetes.authorization.ResourceCheck.namespace(string): kubernetes.authorization.ResourceCheck",
      (check: ResourceCheck, namespace: string) => check.with({ namespace }),
    )
    .registerFunction(
      "kubernetes.authorization.ResourceCheck.name(string): kubernetes.authorization.ResourceCheck",
      (check: ResourceCheck, name: string) => check.with({ name }),
    )
    .registerFunction(
      "kubernetes.authorization.ResourceCheck.fieldSelector(string): kubernetes.authorization.ResourceCheck",
      (check: ResourceCheck, fieldSelector: string) => check.with({ fieldSelector }),
    )
    .registerFunction(
      "kubernetes.authorization.ResourceCheck.labelSelector(string): kubernetes.authorization.ResourceCheck",
      (check: ResourceCheck, labelSelector: string) => check.with({ labelSelector }),
    )
    .registerFunction(
      "kubernetes.authorization.Authorizer.serviceAccount(string, string): kubernetes.authorization.Authorizer",
      asServiceAccount,
    )
    .registerFunction(
      "kubernetes.authorization.ResourceCheck.check(string): kubernetes.authorization.Decision",
      decideResource,
    )
    .registerFunction("kubernetes.authorization.Decision.allowed(): bool", ({ decision }: Decision) => decision.allowed)
    .registerFunction("kubernetes.authorization.Decision.reason(): string", ({ decision }: Decision) => decision.reason)
    .registerFunction("kubernetes.authorization.Decision.errored(): bool", () => false)
    .registerFunction("kubernetes.authorization.Decision.error(): string", () => "");
}
