/**
 * The variable `authorizer` of admission expressions:
 * `authorizer.group('apps').resource('deployments').namespace('x').check('create').allowed()`. Decisions must be there
 * at once, which RBAC's are.
 */
import type { Environment } from "@marcbachmann/cel-js";
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
  return decide(of, info);
}

function decidePath({ of, path }: PathCheck, verb: string): Decision {
  const nothing = { group: "", version: "", resource: "", subresource: "", namespace: "", name: "" };
  return decide(of, { path, verb, isResourceRequest: false, ...nothing });
}

export function registerAuthorizer(environment: Environment): void {
  environment
    .registerType("Authorizer", { ctor: CelAuthorizer, fields: {} })
    .registerType("PathCheck", { ctor: PathCheck, fields: {} })
    .registerType("GroupCheck", { ctor: GroupCheck, fields: {} })
    .registerType("ResourceCheck", { ctor: ResourceCheck, fields: {} })
    .registerType("Decision", { ctor: Decision, fields: {} })
    .registerFunction(
      "Authorizer.path(string): PathCheck",
      (of: CelAuthorizer, path: string) => new PathCheck(of, path),
    )
    .registerFunction("PathCheck.check(string): Decision", decidePath)
    .registerFunction(
      "Authorizer.group(string): GroupCheck",
      (of: CelAuthorizer, group: string) => new GroupCheck(of, { group }),
    )
    .registerFunction(
      "GroupCheck.resource(string): ResourceCheck",
      ({ of, subject }: GroupCheck, resource: string) => new ResourceCheck(of, { ...subject, resource }),
    )
    .registerFunction("ResourceCheck.subresource(string): ResourceCheck", (check: ResourceCheck, subresource: string) =>
      check.with({ subresource }),
    )
    .registerFunction("ResourceCheck.namespace(string): ResourceCheck", (check: ResourceCheck, namespace: string) =>
      check.with({ namespace }),
    )
    .registerFunction("ResourceCheck.name(string): ResourceCheck", (check: ResourceCheck, name: string) =>
      check.with({ name }),
    )
    .registerFunction("ResourceCheck.check(string): Decision", decideResource)
    .registerFunction("Decision.allowed(): bool", ({ decision }: Decision) => decision.allowed)
    .registerFunction("Decision.reason(): string", ({ decision }: Decision) => decision.reason)
    .registerFunction("Decision.errored(): bool", () => false);
}
