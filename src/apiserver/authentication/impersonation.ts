import type { IncomingHttpHeaders } from "node:http";
import { badRequest } from "../../machinery/errors/status-error.ts";
import { forbiddenError } from "../authorization/forbidden.ts";
import type { AuthorizationRequest, Authorizer, HttpRequest, UserInfo } from "../types.ts";
import { decodeExtraKey, firstValue, values } from "./request-header.ts";
import {
  anonymousUser,
  authenticatedGroup,
  parseServiceAccountUsername,
  serviceAccountGroups,
  unauthenticatedGroup,
} from "./user.ts";

const extraPrefix = "impersonate-extra-";

/** One thing that the caller wants to be, as the attributes that the authorizer is asked about. */
interface Claim {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name: string;
}

/**
 * The user that the Impersonate-* headers name, after asking the authorizer for the verb impersonate; `user` itself
 * without such headers. Throws StatusError 403, or 400 where groups, extra or uid come without a user.
 */
export async function impersonate(request: HttpRequest, user: UserInfo, authorizer: Authorizer): Promise<UserInfo> {
  const headers = request.headers;
  const username = firstValue(headers["impersonate-user"]) ?? "";
  const requestedGroups = values(headers["impersonate-group"]);
  const uid = firstValue(headers["impersonate-uid"]) ?? "";
  const extra = extraOf(headers);
  if (username === "") {
    if (requestedGroups.length === 0 && uid === "" && extra.size === 0) return user;
    throw badRequest("requested groups, uid or extra fields without impersonating a user");
  }
  const account = parseServiceAccountUsername(username);
  const claims: Claim[] = [
    account
      ? { group: "", version: "", resource: "serviceaccounts", ...account }
      : { group: "", version: "", resource: "users", name: username },
    ...requestedGroups.map((name) => ({ group: "", version: "", resource: "groups", name })),
    ...[...extra].flatMap(([subresource, names]) =>
      names.map((name) => ({
        group: "authentication.k8s.io",
        version: "v1",
        resource: "userextras",
        subresource,
        name,
      })),
    ),
    ...(uid === "" ? [] : [{ group: "authentication.k8s.io", version: "v1", resource: "uids", name: uid }]),
  ];
  for (const claim of claims) await check(claim, user, authorizer);
  const groups = requestedGroups.length === 0 && account ? serviceAccountGroups(account.namespace) : requestedGroups;
  return {
    username,
    ...(uid === "" ? {} : { uid }),
    groups: withStandardGroup(username, groups),
    ...(extra.size === 0 ? {} : { extra: Object.fromEntries(extra) }),
  };
}

async function check(claim: Claim, user: UserInfo, authorizer: Authorizer): Promise<void> {
  const request: AuthorizationRequest = {
    user,
    info: { path: "", verb: "impersonate", isResourceRequest: true, subresource: "", namespace: "", ...claim },
  };
  const decision = await authorizer.authorize(request);
  if (!decision.allowed) throw forbiddenError(request, decision);
}

function extraOf(headers: IncomingHttpHeaders): Map<string, string[]> {
  const extra = new Map<string, string[]>();
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith(extraPrefix)) extra.set(decodeExtraKey(name.slice(extraPrefix.length)), values(value));
  }
  return extra;
}

function withStandardGroup(username: string, groups: readonly string[]): readonly string[] {
  if (username === anonymousUser) {
    return groups.includes(unauthenticatedGroup) ? groups : [...groups, unauthenticatedGroup];
  }
  const given = groups.includes(authenticatedGroup) || groups.includes(unauthenticatedGroup);
  return given ? groups : [...groups, authenticatedGroup];
}
