/** Names of users and groups that Kubernetes itself gives meaning to. */
import type { UserInfo } from "../types.ts";

export const anonymousUser = "system:anonymous";
export const authenticatedGroup = "system:authenticated";
export const unauthenticatedGroup = "system:unauthenticated";
export const mastersGroup = "system:masters";
export const nodesGroup = "system:nodes";
export const nodeUserPrefix = "system:node:";
export const serviceAccountsGroup = "system:serviceaccounts";
const serviceAccountPrefix = "system:serviceaccount:";

export const credentialIdKey = "authentication.kubernetes.io/credential-id";
export const podNameKey = "authentication.kubernetes.io/pod-name";
export const podUidKey = "authentication.kubernetes.io/pod-uid";
export const nodeNameKey = "authentication.kubernetes.io/node-name";
export const nodeUidKey = "authentication.kubernetes.io/node-uid";

export const anonymous: UserInfo = { username: anonymousUser, groups: [unauthenticatedGroup] };

export function serviceAccountUsername(namespace: string, name: string): string {
  return `${serviceAccountPrefix}${namespace}:${name}`;
}

export function serviceAccountGroups(namespace: string): string[] {
  return [serviceAccountsGroup, `${serviceAccountsGroup}:${namespace}`];
}

/** The account behind `system:serviceaccount:NAMESPACE:NAME`; undefined for any other user name. */
export function parseServiceAccountUsername(username: string): { namespace: string; name: string } | undefined {
  if (!username.startsWith(serviceAccountPrefix)) return undefined;
  const [namespace, name, ...rest] = username.slice(serviceAccountPrefix.length).split(":");
  if (namespace === undefined || name === undefined || rest.length > 0) return undefined;
  const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
  const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
  return label.test(namespace) && subdomain.test(name) ? { namespace, name } : undefined;
}

/** Adds system:authenticated, as every successful authentication but the anonymous one does. */
export function withAuthenticatedGroup(user: UserInfo): UserInfo {
  if (user.username === anonymousUser) return user;
  if (user.groups.some((group) => group === authenticatedGroup || group === unauthenticatedGroup)) return user;
  return { ...user, groups: [...user.groups, authenticatedGroup] };
}

/** authentication.k8s.io/v1 UserInfo: absent where empty. */
export function userInfoObject(user: UserInfo): Record<string, unknown> {
  return {
    username: user.username,
    ...(user.uid ? { uid: user.uid } : {}),
    ...(user.groups.length > 0 ? { groups: [...user.groups] } : {}),
    ...(user.extra && Object.keys(user.extra).length > 0 ? { extra: user.extra } : {}),
  };
}
