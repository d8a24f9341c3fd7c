/**
 * Lets a node (group system:nodes, user system:node:NAME) do what a kubelet must: read what its own pods use, keep its
 * Node, Lease and CSINode, report its pods. Fed by the reader's pods; RBAC has the last word on all else.
 */
import type { PersistentVolume, PersistentVolumeClaim, Pod } from "../../kinds/generated/core-v1.ts";
import type { ResourceSlice } from "../../kinds/generated/resource-v1.ts";
import type { VolumeAttachment } from "../../kinds/generated/storage-v1.ts";
import { parseFieldSelector } from "../../machinery/selectors/field-selector.ts";
import { nodesGroup, nodeUserPrefix } from "../authentication/user.ts";
import { clusterRoles } from "../bootstrap/cluster-roles.ts";
import { parseRule } from "../bootstrap/rule-table.ts";
import type { AuthorizationDecision, AuthorizationRequest, ObjectReader, UserInfo } from "../types.ts";
import { referencesOf } from "./pod-references.ts";
import { ruleAllows } from "./policy-rule.ts";

type Info = AuthorizationRequest["info"];

const allow: AuthorizationDecision = { allowed: true, reason: "" };
const refuse = (reason = ""): AuthorizationDecision => ({ allowed: false, reason });

/** The node's name; "" for a member of system:nodes without a node's user name; undefined for everyone else. */
export function nodeIdentity(user: UserInfo): string | undefined {
  if (!user.groups.includes(nodesGroup)) return undefined;
  return user.username.startsWith(nodeUserPrefix) ? user.username.slice(nodeUserPrefix.length) : "";
}

export class NodeAuthorizer {
  readonly #reader: ObjectReader;
  readonly #podsByNode = new Map<string, Map<string, Pod>>();
  readonly #nodeOfPod = new Map<string, string>();
  readonly #references = new WeakMap<Pod, ReadonlySet<string>>();
  readonly #nodeRules = (clusterRoles.find((role) => role.name === "system:node")?.rules ?? []).map(parseRule);

  constructor(reader: ObjectReader) {
    this.#reader = reader;
    reader.subscribe("", "pods", ({ type, object }) => this.#put(object as Pod, type === "DELETED"));
    for (const pod of reader.list<Pod>("", "pods")) this.#put(pod, false);
  }

  authorize({ user, info }: AuthorizationRequest): AuthorizationDecision {
    const node = nodeIdentity(user);
    if (node === undefined) return refuse();
    if (node === "") return refuse(`unknown node for user ${JSON.stringify(user.username)}`);
    if (info.isResourceRequest) {
      const special = this.#special(node, info);
      if (special !== undefined) return special;
    }
    return this.#nodeRules.some((rule) => ruleAllows(rule, info)) ? allow : refuse();
  }

  /** Resources to which a node's access depends on its pods or its name; undefined for those under the fixed rules. */
  #special(node: string, info: Info): AuthorizationDecision | undefined {
    switch (info.group === "" ? info.resource : `${info.resource}.${info.group}`) {
      case "secrets":
      case "configmaps":
        return this.#readNamespaced(node, info);
      case "persistentvolumeclaims":
        return info.subresource === "status" ? this.#updateStatus(node, info) : this.#get(node, info);
      case "persistentvolumes":
      case "resourceclaims.resource.k8s.io":
      case "volumeattachments.storage.k8s.io":
        return this.#get(node, info);
      case "serviceaccounts":
        if (info.verb === "get" && info.subresource === "") return this.#readNamespaced(node, info);
        return this.#createToken(node, info);
      case "leases.coordination.k8s.io":
        return authorizeLease(node, info);
      case "csinodes.storage.k8s.io":
        return authorizeOwnObject(node, info, "CSINode");
      case "resourceslices.resource.k8s.io":
        return this.#resourceSlices(node, info);
      case "nodes":
        return authorizeNode(node, info);
      case "pods":
        return this.#pods(node, info);
      default:
        return undefined;
    }
  }

  #readNamespaced(node: string, info: Info): AuthorizationDecision {
    if (!["get", "list", "watch"].includes(info.verb)) return refuse("can only read resources of this type");
    if (info.subresource !== "") return refuse("cannot read subresource");
    if (info.namespace === "") return refuse("can only read namespaced object of this type");
    return this.#related(node, info);
  }

  #get(node: string, info: Info): AuthorizationDecision {
    if (info.verb !== "get") return refuse("can only get individual resources of this type");
    if (info.subresource !== "") return refuse("cannot get subresource");
    return this.#related(node, info);
  }

  #updateStatus(node: string, info: Info): AuthorizationDecision {
    if (info.verb !== "update" && info.verb !== "patch") return refuse("can only get/update/patch this type");
    return this.#related(node, info);
  }

  #createToken(node: string, info: Info): AuthorizationDecision {
    if (info.verb !== "create" || info.name === "")
      return refuse("can only create tokens for individual service accounts");
    if (info.subresource !== "token") return refuse("can only create token subresource of serviceaccount");
    return this.#related(node, info);
  }

  #pods(node: string, { verb, subresource, namespace, name, query }: Info): AuthorizationDecision {
    if (subresource === "status") return verb === "update" || verb === "patch" ? allow : refuse();
    if (subresource === "eviction") return verb === "create" ? allow : refuse();
    if (subresource !== "") return refuse();
    if (verb === "create" || verb === "delete") return allow;
    const own = this.#podsByNode.get(node)?.has(`${namespace}/${name}`) === true;
    const unrelated = refuse(`no relationship found between node '${node}' and this object`);
    if (verb === "get") return own ? allow : unrelated;
    if (verb !== "list" && verb !== "watch") return refuse();
    if (selects(query, "spec.nodeName", node)) return allow;
    if (name !== "") return own ? allow : unrelated;
    return refuse("can only list/watch pods with spec.nodeName field selector");
  }

  #resourceSlices(node: string, { verb, subresource, name, query }: Info): AuthorizationDecision {
    if (subresource !== "") return refuse("cannot authorize ResourceSlice subresources");
    switch (verb) {
      // What is in a new one, admission checks.
      case "create":
        return allow;
      case "get":
      case "update":
      case "patch":
      case "delete": {
        const slice = this.#reader.get<ResourceSlice>("resource.k8s.io", "resourceslices", "", name);
        if (slice?.spec.nodeName === node) return allow;
        return refuse(`no relationship found between node '${node}' and this object`);
      }
      case "watch":
      case "list":
      case "deletecollection":
        if (selects(query, "spec.nodeName", node)) return allow;
        return refuse("can only list/watch/deletecollection resourceslices with nodeName field selector");
      default:
        return refuse(
          "only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection",
        );
    }
  }

  #related(node: string, info: Info): AuthorizationDecision {
    if (info.name === "") return refuse("No Object name found");
    return this.#uses(node, info) ? allow : refuse(`no relationship found between node '${node}' and this object`);
  }

  #uses(node: string, { resource, namespace, name }: Info): boolean {
    if (resource === "volumeattachments") {
      return this.#reader.get<VolumeAttachment>("storage.k8s.io", resource, "", name)?.spec.nodeName === node;
    }
    const reference = `${resource}/${name}`;
    for (const pod of this.#podsByNode.get(node)?.values() ?? []) {
      if (pod.metadata?.namespace === namespace && this.#referencesOf(pod).has(reference)) return true;
      if (this.#usesThroughVolume(pod, resource, namespace, name)) return true;
    }
    return false;
  }

  /** Persistent volumes of the pod's claims, and the Secrets that those volumes name. */
  #usesThroughVolume(pod: Pod, resource: string, namespace: string, name: string): boolean {
    if (resource !== "persistentvolumes" && resource !== "secrets") return false;
    for (const reference of this.#referencesOf(pod)) {
      if (!reference.startsWith("persistentvolumeclaims/")) continue;
      const claimName = reference.slice("persistentvolumeclaims/".length);
      const claim = this.#reader.get<PersistentVolumeClaim>(
        "",
        "persistentvolumeclaims",
        pod.metadata?.namespace ?? "",
        claimName,
      );
      const volumeName = claim?.spec?.volumeName;
      if (!volumeName) continue;
      if (resource === "persistentvolumes" && volumeName === name) return true;
      if (resource !== "secrets") continue;
      const volume = this.#reader.get<PersistentVolume>("", "persistentvolumes", "", volumeName);
      const csi = volume?.spec?.csi;
      const secrets = [csi?.nodePublishSecretRef, csi?.nodeStageSecretRef, csi?.nodeExpandSecretRef];
      if (secrets.some((secret) => secret?.name === name && secret.namespace === namespace)) return true;
    }
    return false;
  }

  #referencesOf(pod: Pod): ReadonlySet<string> {
    let references = this.#references.get(pod);
    if (references === undefined) {
      references = referencesOf(pod);
      this.#references.set(pod, references);
    }
    return references;
  }

  #put(pod: Pod, removed: boolean): void {
    const key = `${pod.metadata?.namespace}/${pod.metadata?.name}`;
    const before = this.#nodeOfPod.get(key);
    const node = removed ? undefined : pod.spec?.nodeName || undefined;
    if (before !== undefined && before !== node) {
      this.#podsByNode.get(before)?.delete(key);
      this.#nodeOfPod.delete(key);
    }
    if (node === undefined) return;
    const pods = this.#podsByNode.get(node) ?? new Map<string, Pod>();
    pods.set(key, pod);
    this.#podsByNode.set(node, pods);
    this.#nodeOfPod.set(key, node);
  }
}

/** Whether a request's field selector holds the field to the value. Read as the list itself reads it. */
function selects(query: URLSearchParams | undefined, field: string, value: string): boolean {
  try {
    const { requirements } = parseFieldSelector(query?.get("fieldSelector") ?? "");
    return requirements.some((one) => one.field === field && one.operator === "=" && one.value === value);
  } catch {
    // The list refuses it with a reason.
    return false;
  }
}

const keptByNode = ["get", "create", "update", "patch", "delete"];

function authorizeLease(node: string, info: Info): AuthorizationDecision {
  if (!keptByNode.includes(info.verb)) return refuse("can only get, create, update, patch, or delete a node lease");
  if (info.namespace !== "kube-node-lease") {
    return refuse('can only access leases in the "kube-node-lease" system namespace');
  }
  // The name of a lease to be created is not known here; admission checks it.
  if (info.verb !== "create" && info.name !== node) {
    return refuse("can only access node lease with the same name as the requesting node");
  }
  return allow;
}

function authorizeOwnObject(node: string, info: Info, kind: string): AuthorizationDecision {
  if (!keptByNode.includes(info.verb)) return refuse(`can only get, create, update, patch, or delete a ${kind}`);
  if (info.subresource !== "") return refuse(`cannot authorize ${kind} subresources`);
  if (info.verb !== "create" && info.name !== node) {
    return refuse(`can only access ${kind} with the same name as the requesting node`);
  }
  return allow;
}

function authorizeNode(node: string, { verb, subresource, name }: Info): AuthorizationDecision {
  if (subresource === "status") return verb === "update" || verb === "patch" ? allow : refuse();
  if (subresource !== "") return refuse();
  if (["create", "update", "patch"].includes(verb)) return allow;
  if (!["get", "list", "watch"].includes(verb)) return refuse();
  if (name === node) return allow;
  if (name === "") return refuse(`node '${node}' cannot read all nodes, only its own Node object`);
  return refuse(`node '${node}' cannot read '${name}', only its own Node object`);
}
