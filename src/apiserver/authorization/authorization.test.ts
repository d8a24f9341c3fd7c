import { beforeEach, describe, expect, it } from "vitest";
import { FakeObjects } from "../testing/fake-objects.ts";
import type { AuthorizationRequest, UserInfo } from "../types.ts";
import { createAuthorizer, forbiddenError, type RuleAuthorizer } from "./index.ts";
import { describeRules, uncoveredRules } from "./policy-rule.ts";

const rbac = "rbac.authorization.k8s.io";
const bob: UserInfo = { username: "bob", groups: ["dev", "system:authenticated"] };
const nodeOne: UserInfo = { username: "system:node:n1", groups: ["system:nodes", "system:authenticated"] };

function ask(user: UserInfo, verb: string, resource: string, more: Partial<AuthorizationRequest["info"]> = {}) {
  const [plural = "", subresource = ""] = resource.split("/");
  const info = { path: "", verb, isResourceRequest: true, group: "", version: "v1", namespace: "default", name: "" };
  return { user, info: { ...info, resource: plural, subresource, ...more } };
}

describe("RBAC", () => {
  let objects: FakeObjects;
  let authorizer: RuleAuthorizer;
  const role = (name: string, ...rules: object[]): void =>
    objects.put(rbac, "clusterroles", { metadata: { name }, rules });
  const bind = (name: string, roleName: string, subject: object, namespace?: string): void =>
    objects.put(rbac, namespace ? "rolebindings" : "clusterrolebindings", {
      metadata: { name, ...(namespace ? { namespace } : {}) },
      roleRef: { apiGroup: rbac, kind: "ClusterRole", name: roleName },
      subjects: [subject],
    });

  beforeEach(() => {
    objects = new FakeObjects();
    role("reader", { apiGroups: [""], resources: ["pods", "*/log"], verbs: ["get", "list"] });
    authorizer = createAuthorizer({ reader: objects });
  });

  it("allows what a bound role allows, and says by what", () => {
    bind("b", "reader", { kind: "User", name: "bob" });
    expect(authorizer.authorize(ask(bob, "list", "pods"))).toEqual({
      allowed: true,
      reason: 'RBAC: allowed by ClusterRoleBinding "b" of ClusterRole "reader" to User "bob"',
    });
    expect(authorizer.authorize(ask(bob, "get", "pods/log")).allowed).toBe(true);
    expect(authorizer.authorize(ask(bob, "delete", "pods")).allowed).toBe(false);
    expect(authorizer.authorize(ask(bob, "get", "pods/exec")).allowed).toBe(false);
  });

  it("keeps a RoleBinding to its namespace, and follows changes of bindings", () => {
    bind("b", "reader", { kind: "Group", name: "dev" }, "default");
    expect(authorizer.authorize(ask(bob, "list", "pods")).allowed).toBe(true);
    expect(authorizer.authorize(ask(bob, "list", "pods", { namespace: "other" })).allowed).toBe(false);
    expect(authorizer.authorize(ask(bob, "list", "pods", { namespace: "" })).allowed).toBe(false);
    bind("b", "reader", { kind: "Group", name: "ops" }, "default");
    expect(authorizer.authorize(ask(bob, "list", "pods")).allowed).toBe(false);
    bind("b", "reader", { kind: "Group", name: "dev" }, "default");
    objects.remove(rbac, "rolebindings", "default", "b");
    expect(authorizer.authorize(ask(bob, "list", "pods")).allowed).toBe(false);
  });

  it("takes a service account without namespace as the binding's, and honours resourceNames and URLs", () => {
    role("one", { apiGroups: [""], resources: ["configmaps"], resourceNames: ["a"], verbs: ["*"] });
    role("urls", { nonResourceURLs: ["/metrics", "/logs/*"], verbs: ["get"] });
    bind("b", "one", { kind: "ServiceAccount", name: "sa" }, "default");
    bind("c", "urls", { kind: "User", name: "bob" });
    const account = { username: "system:serviceaccount:default:sa", groups: [] };
    expect(authorizer.authorize(ask(account, "get", "configmaps", { name: "a" })).allowed).toBe(true);
    expect(authorizer.authorize(ask(account, "get", "configmaps", { name: "b" })).allowed).toBe(false);
    const url = (path: string) => ask(bob, "get", "", { path, isResourceRequest: false, namespace: "" });
    expect(authorizer.authorize(url("/metrics")).allowed).toBe(true);
    expect(authorizer.authorize(url("/logs/a/b")).allowed).toBe(true);
    expect(authorizer.authorize(url("/metricsx")).allowed).toBe(false);
    expect(authorizer.authorize(url("/readyz")).allowed).toBe(true);
  });

  it("names a binding's missing role, and lets system:masters do all", () => {
    bind("b", "gone", { kind: "User", name: "bob" });
    expect(authorizer.authorize(ask(bob, "get", "pods")).reason).toBe(
      'RBAC: clusterrole.rbac.authorization.k8s.io "gone" not found',
    );
    const master = { username: "root", groups: ["system:masters"] };
    expect(authorizer.authorize(ask(master, "delete", "nodes")).allowed).toBe(true);
  });

  it.each([
    [
      ask(bob, "list", "pods"),
      'pods is forbidden: User "bob" cannot list resource "pods" in API group "" in the namespace "default"',
    ],
    [
      ask(bob, "create", "deployments/scale", { group: "apps", name: "d", namespace: "" }),
      'deployments.apps "d" is forbidden: User "bob" cannot create resource "deployments/scale" in API group "apps" at the cluster scope',
    ],
    [
      ask(bob, "get", "", { path: "/metrics", isResourceRequest: false }),
      'forbidden: User "bob" cannot get path "/metrics"',
    ],
  ])("words a refusal as upstream", (request, message) => {
    expect(forbiddenError(request, { allowed: false, reason: "" }).message).toBe(message);
  });
});

describe("rule coverage", () => {
  it.each([
    [[{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }], []],
    [
      [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }],
      ['{APIGroups:[""], Resources:["pods"], Verbs:["list"]}'],
    ],
    [
      [{ apiGroups: [""], resources: ["pods"], resourceNames: ["a"], verbs: ["get", "list"] }],
      ['{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}'],
    ],
  ])("says what is missing", (owned, missing) => {
    const wanted = [{ apiGroups: [""], resources: ["pods"], verbs: ["get", "list"] }];
    expect(describeRules(uncoveredRules(owned, wanted))).toEqual(missing);
  });
});

describe("the node authorizer", () => {
  let objects: FakeObjects;
  let authorizer: RuleAuthorizer;

  beforeEach(() => {
    objects = new FakeObjects();
    objects.put("", "pods", {
      metadata: { name: "p", namespace: "default" },
      spec: {
        nodeName: "n1",
        serviceAccountName: "sa",
        containers: [{ name: "c", envFrom: [{ configMapRef: { name: "cm" } }] }],
        volumes: [{ name: "v", persistentVolumeClaim: { claimName: "claim" } }],
      },
    });
    objects.put("", "persistentvolumeclaims", {
      metadata: { name: "claim", namespace: "default" },
      spec: { volumeName: "pv" },
    });
    authorizer = createAuthorizer({ reader: objects });
  });

  const spec = (node: string) => new URLSearchParams({ fieldSelector: `spec.nodeName=${node}` });
  it.each<[string, AuthorizationRequest, boolean]>([
    ["a used ConfigMap", ask(nodeOne, "get", "configmaps", { name: "cm" }), true],
    ["an unused ConfigMap", ask(nodeOne, "get", "configmaps", { name: "other" }), false],
    ["one of another namespace", ask(nodeOne, "get", "configmaps", { name: "cm", namespace: "x" }), false],
    ["all ConfigMaps", ask(nodeOne, "list", "configmaps"), false],
    ["a token for its pod's account", ask(nodeOne, "create", "serviceaccounts/token", { name: "sa" }), true],
    ["a token for another account", ask(nodeOne, "create", "serviceaccounts/token", { name: "x" }), false],
    ["the volume of a claim", ask(nodeOne, "get", "persistentvolumes", { name: "pv", namespace: "" }), true],
    ["its own node", ask(nodeOne, "get", "nodes", { name: "n1", namespace: "" }), true],
    ["another node", ask(nodeOne, "get", "nodes", { name: "n2", namespace: "" }), false],
    ["its pods", ask(nodeOne, "watch", "pods", { namespace: "", query: spec("n1") }), true],
    ["others' pods", ask(nodeOne, "watch", "pods", { namespace: "", query: spec("n2") }), false],
    ["services", ask(nodeOne, "list", "services", { namespace: "" }), true],
    ["secrets of everyone", ask(nodeOne, "list", "secrets", { namespace: "" }), false],
  ])("decides about %s", (_what, request, allowed) => {
    expect(authorizer.authorize(request).allowed).toBe(allowed);
  });

  it("forgets a pod that has gone", () => {
    objects.remove("", "pods", "default", "p");
    expect(authorizer.authorize(ask(nodeOne, "get", "configmaps", { name: "cm" })).reason).toBe(
      "no relationship found between node 'n1' and this object",
    );
  });
});
