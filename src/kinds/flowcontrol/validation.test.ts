import { describe, expect, it } from "vitest";
import type { FlowSchema, PriorityLevelConfiguration } from "../generated/flowcontrol-v1.ts";
import { flowSchemas, priorityLevelConfigurations } from "./bootstrap-objects.ts";
import { validateFlowSchema } from "./flow-schema/validation.ts";
import { validatePriorityLevelConfiguration } from "./priority-level-configuration/validation.ts";

const subjects = [{ kind: "User", user: { name: "a" } }];
const resource = { verbs: ["get"], apiGroups: [""], resources: ["pods"], namespaces: ["default"] };
const schema = (rule: object, spec: object = {}, name = "own"): FlowSchema => ({
  metadata: { name },
  spec: {
    matchingPrecedence: 1000,
    priorityLevelConfiguration: { name: "system" },
    rules: [{ subjects, resourceRules: [resource], ...rule }],
    ...spec,
  },
});
const level = (spec: object, name = "own"): PriorityLevelConfiguration => ({
  metadata: { name },
  spec: { type: "Limited", ...spec },
});
const queue = (queuing: object): PriorityLevelConfiguration =>
  level({
    limited: {
      limitResponse: { type: "Queue", queuing: { queues: 64, handSize: 6, queueLengthLimit: 5, ...queuing } },
    },
  });

describe("flow schemas", () => {
  it("are well by default", () => {
    expect(flowSchemas().flatMap((one) => validateFlowSchema(one as FlowSchema))).toEqual([]);
    expect(
      validateFlowSchema(schema({ nonResourceRules: [{ verbs: ["*"], nonResourceURLs: ["/", "/api/*"] }] })),
    ).toEqual([]);
  });

  const at = "spec.rules[0]";
  const url = (path: string) => ({ nonResourceRules: [{ verbs: ["get"], nonResourceURLs: [path] }] });
  const urlAt = `${at}.nonResourceRules[0].nonResourceURLs`;
  it.each<[FlowSchema, string]>([
    [
      schema({}, { matchingPrecedence: 1 }),
      "spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1",
    ],
    [
      schema({}, { matchingPrecedence: 10001 }),
      "spec.matchingPrecedence: Invalid value: 10001: must not be greater than 10000",
    ],
    [
      schema({}, { priorityLevelConfiguration: { name: "" } }),
      "spec.priorityLevelConfiguration.name: Required value: must reference a priority level",
    ],
    [schema({ subjects: [] }), `${at}.subjects: Required value: subjects must contain at least one value`],
    [
      schema({ resourceRules: [] }),
      `${at}: Required value: at least one of resourceRules and nonResourceRules has to be non-empty`,
    ],
    [
      schema({ subjects: [{ kind: "Robot" }] }),
      `${at}.subjects[0].kind: Unsupported value: "Robot": supported values: "Group", "ServiceAccount", "User"`,
    ],
    [
      schema({ subjects: [{ kind: "User" }] }),
      `${at}.subjects[0].user: Required value: user is required when subject kind is 'User'`,
    ],
    [
      schema({ subjects: [{ kind: "Group", group: { name: "g" }, user: { name: "u" } }] }),
      `${at}.subjects[0].user: Forbidden: user is forbidden when subject kind is not 'User'`,
    ],
    [
      schema({ subjects: [{ kind: "ServiceAccount", serviceAccount: { name: "*", namespace: "" } }] }),
      `${at}.subjects[0].serviceAccount.namespace: Required value: must specify namespace for service account`,
    ],
    [
      schema({ resourceRules: [{ ...resource, verbs: ["*", "get"] }] }),
      `${at}.resourceRules[0].verbs: Invalid value: ["*","get"]: if '*' is present, must not specify other verbs`,
    ],
    [
      schema({ resourceRules: [{ ...resource, verbs: ["eat"] }] }),
      `${at}.resourceRules[0].verbs: Unsupported value: ["eat"]: supported values: "create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"`,
    ],
    [
      schema({ resourceRules: [{ ...resource, apiGroups: [] }] }),
      `${at}.resourceRules[0].apiGroups: Required value: resource rules must supply at least one api group`,
    ],
    [
      schema({ resourceRules: [{ ...resource, namespaces: [] }] }),
      `${at}.resourceRules[0].namespaces: Required value: resource rules that are not cluster scoped must supply at least one namespace`,
    ],
    [schema(url("api")), `${urlAt}[0]: Invalid value: "api": must start with slash`],
    [schema(url("/a//b")), `${urlAt}[0]: Invalid value: "/a//b": must not contain double slash`],
    [schema(url("/a*")), `${urlAt}[0]: Invalid value: "/a*": wildcard can only do suffix matching`],
  ])("are refused: %#", (object, message) => {
    expect(validateFlowSchema(object).map((error) => error.message)).toEqual([message]);
  });

  it("that are mandatory stay as they are", () => {
    const errors = validateFlowSchema(schema({}, {}, "catch-all"));
    expect(errors.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^spec: Invalid value: \{.*\}: spec of 'catch-all' must equal the fixed value$/),
    ]);
  });
});

describe("priority levels", () => {
  it("are well by default, also with other shares of the exempt one", () => {
    const all = priorityLevelConfigurations() as PriorityLevelConfiguration[];
    expect(all.flatMap(validatePriorityLevelConfiguration)).toEqual([]);
    const exempt = { metadata: { name: "exempt" }, spec: { type: "Exempt", exempt: { nominalConcurrencyShares: 5 } } };
    expect(validatePriorityLevelConfiguration(exempt)).toEqual([]);
  });

  const at = "spec.limited.limitResponse.queuing";
  const reject = { limitResponse: { type: "Reject" } };
  it.each<[PriorityLevelConfiguration, string]>([
    [
      level({ type: "Exempt" }),
      "spec.type: Invalid value: \"Exempt\": must be 'Exempt' if and only if `name` is 'exempt'",
    ],
    [level({}), "spec.limited: Required value: must not be empty when type is Limited"],
    [
      level({ limited: { ...reject, nominalConcurrencyShares: -1 } }),
      "spec.limited.nominalConcurrencyShares: Invalid value: -1: must be a non-negative integer",
    ],
    [
      level({ limited: { ...reject, lendablePercent: 101 } }),
      "spec.limited.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive",
    ],
    [
      level({ limited: { ...reject, borrowingLimitPercent: -1 } }),
      "spec.limited.borrowingLimitPercent: Invalid value: -1: if specified, must be a non-negative integer",
    ],
    [
      level({ limited: { limitResponse: { type: "Queue" } } }),
      `${at}: Required value: must not be empty if limited.limitResponse.type is Limited`,
    ],
    [queue({ queueLengthLimit: -1 }), `${at}.queueLengthLimit: Invalid value: -1: must be positive`],
    [queue({ queues: 5 }), `${at}.handSize: Invalid value: 6: should not be greater than queues (5)`],
    [
      queue({ handSize: 11 }),
      `${at}.handSize: Invalid value: 11: required entropy bits of deckSize 64 and handSize 11 should not be greater than 60`,
    ],
    [
      queue({ queues: 20_000_000, handSize: 1 }),
      `${at}.queues: Invalid value: 20000000: must not be greater than 10000000`,
    ],
  ])("are refused: %#", (object, message) => {
    expect(validatePriorityLevelConfiguration(object).map((error) => error.message)).toEqual([message]);
  });
});
