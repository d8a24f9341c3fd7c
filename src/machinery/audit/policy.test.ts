import { describe, expect, it } from "vitest";
import { type AuditedRequest, auditPolicyEvaluator, parseAuditPolicy } from "./policy.ts";

const head = { apiVersion: "audit.k8s.io/v1", kind: "Policy" };
const ask = (more: Partial<AuditedRequest> = {}): AuditedRequest => ({
  user: { username: "ada", groups: ["dev", "system:authenticated"] },
  verb: "create",
  isResourceRequest: true,
  path: "/api/v1/namespaces/a/pods",
  group: "",
  resource: "pods",
  subresource: "",
  namespace: "a",
  name: "p",
  ...more,
});
const health = { isResourceRequest: false, path: "/healthz/etcd", verb: "get", resource: "", namespace: "", name: "" };

describe("an audit policy", () => {
  it.each([
    ["users", { users: ["ada"] }, {}, true],
    ["users", { users: ["bob"] }, {}, false],
    ["users", { users: ["ada"] }, { user: undefined }, false],
    ["userGroups", { userGroups: ["ops", "dev"] }, {}, true],
    ["userGroups", { userGroups: ["ops"] }, {}, false],
    ["verbs", { verbs: ["create", "patch"] }, {}, true],
    ["verbs", { verbs: ["get"] }, {}, false],
    ["namespaces", { namespaces: ["a"] }, {}, true],
    ["namespaces", { namespaces: [""] }, { namespace: "" }, true],
    ["namespaces", { namespaces: ["a"] }, health, false],
    ["resources", { resources: [{ group: "" }] }, {}, true],
    ["resources", { resources: [{ resources: ["pods"] }] }, {}, true],
    ["resources", { resources: [{ group: "apps", resources: ["pods"] }] }, {}, false],
    ["resources", { resources: [{ group: "*", resources: ["*"] }] }, { group: "apps" }, true],
    ["subresources", { resources: [{ resources: ["pods"] }] }, { subresource: "log" }, false],
    ["subresources", { resources: [{ resources: ["pods/log"] }] }, { subresource: "log" }, true],
    ["subresources", { resources: [{ resources: ["pods/*"] }] }, { subresource: "log" }, true],
    ["subresources", { resources: [{ resources: ["*/log"] }] }, { subresource: "log" }, true],
    ["resourceNames", { resources: [{ resources: ["pods"], resourceNames: ["p"] }] }, {}, true],
    ["resourceNames", { resources: [{ resources: ["pods"], resourceNames: ["q"] }] }, {}, false],
    ["nonResourceURLs", { nonResourceURLs: ["/healthz*"] }, health, true],
    ["nonResourceURLs", { nonResourceURLs: ["/healthz"] }, health, false],
    ["nonResourceURLs", { nonResourceURLs: ["*"] }, {}, false],
  ] as const)("matches by %s: %j", (_, rule, request, expected) => {
    const policy = parseAuditPolicy({ ...head, rules: [{ level: "Request", ...rule }] });
    expect(auditPolicyEvaluator(policy)(ask(request)).level).toBe(expected ? "Request" : "None");
  });

  it("takes the first rule that matches, with the stages and fields of both left out", () => {
    const policy = parseAuditPolicy({
      ...head,
      omitStages: ["RequestReceived"],
      omitManagedFields: true,
      rules: [
        { level: "Metadata", verbs: ["create"], omitStages: ["Panic"], omitManagedFields: false },
        { level: "RequestResponse" },
      ],
    });
    const evaluate = auditPolicyEvaluator(policy);
    expect(evaluate(ask())).toEqual({
      level: "Metadata",
      omitStages: new Set(["RequestReceived", "Panic"]),
      omitManagedFields: false,
    });
    expect(evaluate(ask({ verb: "get" }))).toMatchObject({ level: "RequestResponse", omitManagedFields: true });
  });

  it.each([
    [{ kind: "Policy", rules: [{ level: "None" }] }, "apiVersion audit.k8s.io/v1"],
    [{ ...head }, "0 rules"],
    [{ ...head, rules: [{}] }, "rules[0].level: Required value"],
    [{ ...head, rules: [{ level: "All" }] }, 'rules[0].level: Unsupported value: "All"'],
    [{ ...head, rules: [{ level: "None", users: "ada" }] }, "rules[0].users: must be a list of texts"],
    [{ ...head, rules: [{ level: "None", omitStages: ["Later"] }] }, "allowed stages are RequestReceived"],
    [{ ...head, rules: [{ level: "None", nonResourceURLs: ["/a*b"] }] }, "must be the final character"],
    [{ ...head, rules: [{ level: "None", nonResourceURLs: ["a"] }] }, "must begin with a '/' character"],
    [{ ...head, rules: [{ level: "None", nonResourceURLs: ["/a"], namespaces: ["a"] }] }, "cannot apply to both"],
    [{ ...head, rules: [{ level: "None", resources: [{ group: "apps/v1" }] }] }, "must be the name of a group"],
    [{ ...head, rules: [{ level: "None", resources: [{ resourceNames: ["a"] }] }] }, "requires at least one resource"],
  ])("is refused where it is wrong: %j", (policy, message) => {
    expect(() => parseAuditPolicy(policy)).toThrow(message);
  });
});
