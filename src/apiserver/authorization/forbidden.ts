import { StatusError } from "../../machinery/errors/status-error.ts";
import type { AuthorizationDecision, AuthorizationRequest } from "../types.ts";

/** `User "x" cannot list resource "pods" in API group "" in the namespace "y"`. */
export function forbiddenSentence({ user, info }: AuthorizationRequest): string {
  const who = `User ${JSON.stringify(user.username)} cannot ${info.verb}`;
  if (!info.isResourceRequest) return sanitize(`${who} path ${JSON.stringify(info.path)}`);
  const resource = info.subresource === "" ? info.resource : `${info.resource}/${info.subresource}`;
  const where = info.namespace === "" ? "at the cluster scope" : `in the namespace ${JSON.stringify(info.namespace)}`;
  return sanitize(`${who} resource ${JSON.stringify(resource)} in API group ${JSON.stringify(info.group)} ${where}`);
}

/** The 403 that http answers a refused request with. */
export function forbiddenError(request: AuthorizationRequest, decision: AuthorizationDecision): StatusError {
  const { group, resource, name } = request.info;
  const sentence = forbiddenSentence(request);
  const detail = decision.reason === "" ? sentence : `${sentence}: ${decision.reason}`;
  const qualified = group === "" ? resource : `${resource}.${group}`;
  const subject = name === "" ? `${qualified} is forbidden` : `${qualified} "${name}" is forbidden`;
  return new StatusError({
    code: 403,
    reason: "Forbidden",
    message: resource === "" ? `forbidden: ${detail}` : `${subject}: ${detail}`,
    details: {
      ...(name === "" ? {} : { name }),
      ...(group === "" ? {} : { group }),
      ...(resource === "" ? {} : { kind: resource }),
    },
  });
}

/** Keeps user-chosen text from reading as HTML. */
function sanitize(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
