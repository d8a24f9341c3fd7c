import { createHash } from "node:crypto";
import type {
  FlowSchema,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  Subject,
} from "../../kinds/generated/flowcontrol-v1.ts";
import { BoundedCache } from "../../lib/bounded-cache.ts";
import type { RequestInfo, UserInfo } from "../types.ts";
import type { FlowCounts } from "./flow-counts.ts";
import type { PriorityLevel } from "./priority-level.ts";
import { dealHand } from "./shuffle-sharding.ts";

/** What of a request decides about its flow schema. */
export type ClassifiedRequest = Pick<
  RequestInfo,
  "isResourceRequest" | "verb" | "path" | "group" | "resource" | "subresource" | "namespace"
>;

/** Flows whose hands are remembered, so that many short-lived users fill no memory. */
const rememberedBytes = 512 * 1024;

/** A FlowSchema that requests are matched against, with the level that it leads to. */
export class ActiveFlowSchema {
  readonly name: string;
  /** Empty for a mandatory one that is not stored yet. */
  readonly uid: string;
  readonly precedence: number;
  readonly level: PriorityLevel;
  readonly counts: FlowCounts;
  readonly #distinguisher: string | undefined;
  readonly #rules: readonly PolicyRulesWithSubjects[];
  readonly #hands = new BoundedCache<readonly number[]>(rememberedBytes);

  constructor({ metadata, spec }: FlowSchema, level: PriorityLevel) {
    this.name = metadata?.name ?? "";
    this.uid = metadata?.uid ?? "";
    this.precedence = spec?.matchingPrecedence ?? 0;
    this.level = level;
    this.counts = level.countsOf(this.name);
    this.#distinguisher = spec?.distinguisherMethod?.type;
    this.#rules = spec?.rules ?? [];
  }

  /** Allocates nothing: it runs for every request. */
  matches(info: ClassifiedRequest, user: UserInfo): boolean {
    for (const rule of this.#rules) {
      if (
        matchesSubject(rule.subjects, user) &&
        (info.isResourceRequest ? matchesResource(rule, info) : matchesUrl(rule, info))
      ) {
        return true;
      }
    }
    return false;
  }

  /** What tells flows from one another: the user or the namespace; empty where all requests are one flow. */
  flowOf(info: ClassifiedRequest, user: UserInfo): string {
    if (this.#distinguisher === "ByUser") return user.username;
    return this.#distinguisher === "ByNamespace" ? info.namespace : "";
  }

  /** The queues that requests of one flow are spread over. */
  handOf(info: ClassifiedRequest, user: UserInfo): readonly number[] {
    const flow = this.flowOf(info, user);
    let hand = this.#hands.get(flow);
    if (hand === undefined) {
      const { queues, handSize } = this.level.queuing ?? { queues: 1, handSize: 1 };
      hand = dealHand(flowHash(this.name, flow), queues, handSize);
      this.#hands.set(flow, hand, 8 * hand.length);
    }
    return hand;
  }
}

/** The first 8 bytes of a SHA-256, as upstream: the same flow has the same hand in every API server. */
function flowHash(schema: string, flow: string): bigint {
  return createHash("sha256").update(`${schema}\0${flow}`).digest().readBigUInt64LE(0);
}

function matchesSubject(subjects: readonly Subject[], { username, groups }: UserInfo): boolean {
  for (const { kind, user, group, serviceAccount } of subjects) {
    if (kind === "User" && user !== undefined && (user.name === "*" || user.name === username)) return true;
    if (kind === "Group" && group !== undefined && (group.name === "*" || groups.includes(group.name))) return true;
    if (kind === "ServiceAccount" && serviceAccount !== undefined) {
      if (isServiceAccount(username, serviceAccount.namespace, serviceAccount.name)) return true;
    }
  }
  return false;
}

const accountPrefix = "system:serviceaccount:";

/** Whether a user is the service account, or with the name `*` any of its namespace. */
function isServiceAccount(username: string, namespace: string, name: string): boolean {
  if (!username.startsWith(accountPrefix) || !username.startsWith(namespace, accountPrefix.length)) return false;
  const separator = accountPrefix.length + namespace.length;
  if (username[separator] !== ":") return false;
  if (name === "*") return true;
  return username.length === separator + 1 + name.length && username.endsWith(name);
}

function matchesResource({ resourceRules }: PolicyRulesWithSubjects, info: ClassifiedRequest): boolean {
  for (const rule of resourceRules ?? []) {
    if (
      includes(rule.verbs, info.verb) &&
      namesResource(rule, info) &&
      includes(rule.apiGroups, info.group) &&
      (info.namespace === "" ? rule.clusterScope === true : includes(rule.namespaces ?? [], info.namespace))
    ) {
      return true;
    }
  }
  return false;
}

/** Whether `pods` or `pods/log` is in the list. */
function namesResource({ resources }: ResourcePolicyRule, { resource, subresource }: ClassifiedRequest): boolean {
  if (subresource === "") return includes(resources, resource);
  for (const name of resources) {
    if (name === "*") return true;
    const length = resource.length + 1 + subresource.length;
    if (name.length !== length || name[resource.length] !== "/") continue;
    if (name.startsWith(resource) && name.endsWith(subresource)) return true;
  }
  return false;
}

function matchesUrl({ nonResourceRules }: PolicyRulesWithSubjects, info: ClassifiedRequest): boolean {
  for (const rule of nonResourceRules ?? []) {
    if (includes(rule.verbs, info.verb) && namesUrl(rule, info.path)) return true;
  }
  return false;
}

/** `/healthz` and `/healthz/*` both stand for the path and all below it, as upstream. */
function namesUrl({ nonResourceURLs }: NonResourcePolicyRule, path: string): boolean {
  for (const url of nonResourceURLs) {
    if (url === "*" || url === path) return true;
    const prefix = url.endsWith("*") ? url.slice(0, -1) : url;
    if (!path.startsWith(prefix)) continue;
    if (prefix.endsWith("/") || path[prefix.length] === "/") return true;
  }
  return false;
}

/** `*` in a list stands for everything. */
function includes(list: readonly string[], value: string): boolean {
  return (list.length === 1 && list[0] === "*") || list.includes(value);
}
