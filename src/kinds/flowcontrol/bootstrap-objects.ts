/** The FlowSchemas and PriorityLevelConfigurations of Kubernetes 1.36, mandatory and suggested ones. */

import type { UnknownObject } from "../../machinery/meta/object.ts";
import type { FlowSchema, PriorityLevelConfiguration } from "../generated/flowcontrol-v1.ts";

const apiVersion = "flowcontrol.apiserver.k8s.io/v1";
const metadata = (name: string) => ({ name, annotations: { "apf.kubernetes.io/autoupdate-spec": "true" } });

/** name, nominal shares, lendable percent, and queues/hand size/length limit; without queues it rejects. */
const limitedLevels: readonly [string, number, number, (readonly [number, number, number])?][] = [
  ["catch-all", 5, 0],
  ["system", 30, 33, [64, 6, 50]],
  ["node-high", 40, 25, [64, 6, 50]],
  ["leader-election", 10, 0, [16, 4, 50]],
  ["workload-high", 40, 50, [128, 6, 50]],
  ["workload-low", 100, 90, [128, 6, 50]],
  ["global-default", 20, 50, [128, 6, 50]],
];

export function priorityLevelConfigurations(): UnknownObject[] {
  const exempt = { type: "Exempt", exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } };
  return [
    { apiVersion, kind: "PriorityLevelConfiguration", metadata: metadata("exempt"), spec: exempt },
    ...limitedLevels.map(([name, nominalConcurrencyShares, lendablePercent, queuing]) => ({
      apiVersion,
      kind: "PriorityLevelConfiguration",
      metadata: metadata(name),
      spec: {
        type: "Limited",
        limited: {
          nominalConcurrencyShares,
          lendablePercent,
          limitResponse: queuing
            ? {
                type: "Queue",
                queuing: { queues: queuing[0], handSize: queuing[1], queueLengthLimit: queuing[2] },
              }
            : { type: "Reject" },
        },
      },
    })),
  ];
}

const groups = (...names: string[]) => names.map((name) => ({ kind: "Group", group: { name } }));
const users = (...names: string[]) => names.map((name) => ({ kind: "User", user: { name } }));
const systemAccounts = [{ kind: "ServiceAccount", serviceAccount: { name: "*", namespace: "kube-system" } }];
const everyone = groups("system:unauthenticated", "system:authenticated");

const resources = (verbs: string[], group: string, names: string[], clusterScope: boolean) => ({
  verbs,
  apiGroups: [group],
  resources: names,
  ...(clusterScope ? { clusterScope } : {}),
  namespaces: ["*"],
});
const urls = (verbs: string[], nonResourceURLs: string[]) => ({ verbs, nonResourceURLs });
const anything = {
  resourceRules: [resources(["*"], "*", ["*"], true)],
  nonResourceRules: [urls(["*"], ["*"])],
};

interface FlowSchemaEntry {
  readonly name: string;
  readonly level: string;
  readonly precedence: number;
  readonly by?: "ByUser" | "ByNamespace";
  readonly subjects: readonly object[];
  readonly rules: object;
}

const schemas: readonly FlowSchemaEntry[] = [
  { name: "exempt", level: "exempt", precedence: 1, subjects: groups("system:masters"), rules: anything },
  {
    name: "probes",
    level: "exempt",
    precedence: 2,
    subjects: everyone,
    rules: { nonResourceRules: [urls(["get"], ["/healthz", "/readyz", "/livez"])] },
  },
  {
    name: "system-leader-election",
    level: "leader-election",
    precedence: 100,
    by: "ByUser",
    subjects: [...users("system:kube-controller-manager", "system:kube-scheduler"), ...systemAccounts],
    rules: { resourceRules: [resources(["get", "create", "update"], "coordination.k8s.io", ["leases"], false)] },
  },
  {
    name: "system-node-high",
    level: "node-high",
    precedence: 400,
    by: "ByUser",
    subjects: groups("system:nodes"),
    rules: {
      resourceRules: [
        resources(["*"], "", ["nodes", "nodes/status"], true),
        resources(["*"], "coordination.k8s.io", ["leases"], false),
      ],
    },
  },
  {
    name: "system-nodes",
    level: "system",
    precedence: 500,
    by: "ByUser",
    subjects: groups("system:nodes"),
    rules: anything,
  },
  {
    name: "kube-controller-manager",
    level: "workload-high",
    precedence: 800,
    by: "ByNamespace",
    subjects: users("system:kube-controller-manager"),
    rules: anything,
  },
  {
    name: "kube-scheduler",
    level: "workload-high",
    precedence: 800,
    by: "ByNamespace",
    subjects: users("system:kube-scheduler"),
    rules: anything,
  },
  {
    name: "kube-system-service-accounts",
    level: "workload-high",
    precedence: 900,
    by: "ByNamespace",
    subjects: systemAccounts,
    rules: anything,
  },
  {
    name: "service-accounts",
    level: "workload-low",
    precedence: 9000,
    by: "ByUser",
    subjects: groups("system:serviceaccounts"),
    rules: anything,
  },
  {
    name: "global-default",
    level: "global-default",
    precedence: 9900,
    by: "ByUser",
    subjects: everyone,
    rules: anything,
  },
  { name: "catch-all", level: "catch-all", precedence: 10000, by: "ByUser", subjects: everyone, rules: anything },
];

export function flowSchemas(): UnknownObject[] {
  return schemas.map(({ name, level, precedence, by, subjects, rules }) => ({
    apiVersion,
    kind: "FlowSchema",
    metadata: metadata(name),
    spec: {
      priorityLevelConfiguration: { name: level },
      matchingPrecedence: precedence,
      ...(by ? { distinguisherMethod: { type: by } } : {}),
      rules: [{ subjects, ...rules }],
    },
  }));
}

/** Those without which requests would have nowhere to go: they are put back whatever becomes of them. */
const mandatory: ReadonlySet<string | undefined> = new Set(["exempt", "catch-all"]);

export function isMandatory({ metadata }: UnknownObject): boolean {
  return mandatory.has(metadata?.name);
}

export function mandatoryPriorityLevels(): PriorityLevelConfiguration[] {
  return priorityLevelConfigurations().filter(isMandatory) as unknown as PriorityLevelConfiguration[];
}

export function mandatoryFlowSchemas(): FlowSchema[] {
  return flowSchemas().filter(isMandatory) as unknown as FlowSchema[];
}
