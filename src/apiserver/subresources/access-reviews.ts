import type {
  NonResourceAttributes,
  ResourceAttributes,
  SelfSubjectRulesReview,
  SubjectAccessReview,
} from "../../kinds/generated/authorization-v1.ts";
import { type FieldError, invalidValue } from "../../machinery/errors/field-error.ts";
import { badRequest, invalid } from "../../machinery/errors/status-error.ts";
import type { RuleAuthorizer } from "../authorization/index.ts";
import type { AuthorizationRequest, SubresourceHandler, SubresourceRequest, UserInfo } from "../types.ts";
import { answer, bodyOf } from "./subject.ts";

const group = "authorization.k8s.io";
const apiVersion = `${group}/v1`;

/** What a review asks, as the authorizer is asked. */
function attributesOf(
  user: UserInfo,
  resource: ResourceAttributes | undefined,
  other: NonResourceAttributes | undefined,
): AuthorizationRequest {
  const selector = resource?.fieldSelector;
  const requirements = (selector?.requirements ?? []).map(({ key, values = [] }) => `${key}=${values[0] ?? ""}`);
  const fieldSelector = selector?.rawSelector ?? requirements.join(",");
  return {
    user,
    info: {
      path: other?.path ?? "",
      verb: resource?.verb ?? other?.verb ?? "",
      isResourceRequest: resource !== undefined,
      group: resource?.group ?? "",
      version: resource?.version ?? "",
      resource: resource?.resource ?? "",
      subresource: resource?.subresource ?? "",
      namespace: resource?.namespace ?? "",
      name: resource?.name ?? "",
      ...(fieldSelector === "" ? {} : { query: new URLSearchParams({ fieldSelector }) }),
    },
  };
}

/** SubjectAccessReview, LocalSubjectAccessReview and SelfSubjectAccessReview. */
export function accessReviewHandlers(authorizer: RuleAuthorizer): SubresourceHandler[] {
  const handlerOf = (
    plural: string,
    kind: string,
    userOf: (request: SubresourceRequest) => UserInfo,
  ): SubresourceHandler => ({
    group,
    plural,
    subresource: "",
    async handle(request) {
      const review = bodyOf<SubjectAccessReview>(request);
      const errors = validate(review, kind);
      if (errors.length > 0) throw invalid({ group, kind }, "", errors);
      if (kind === "LocalSubjectAccessReview") checkNamespace(request, review);
      const { resourceAttributes, nonResourceAttributes } = review.spec;
      const decision = authorizer.authorize(attributesOf(userOf(request), resourceAttributes, nonResourceAttributes));
      const status = {
        allowed: decision.allowed,
        ...(decision.denied ? { denied: true } : {}),
        ...(decision.reason === "" ? {} : { reason: decision.reason }),
      };
      return answer(201, { ...review, apiVersion, kind, metadata: review.metadata ?? {}, status });
    },
  });
  const named = (request: SubresourceRequest): UserInfo => {
    const { user = "", groups = [], uid, extra } = bodyOf<SubjectAccessReview>(request).spec;
    return { username: user, groups, ...(uid ? { uid } : {}), ...(extra ? { extra } : {}) };
  };
  return [
    handlerOf("subjectaccessreviews", "SubjectAccessReview", named),
    handlerOf("localsubjectaccessreviews", "LocalSubjectAccessReview", named),
    handlerOf("selfsubjectaccessreviews", "SelfSubjectAccessReview", ({ user }) => user),
  ];
}

function validate({ spec }: SubjectAccessReview, kind: string): FieldError[] {
  const errors: FieldError[] = [];
  const { resourceAttributes, nonResourceAttributes, user = "", groups = [] } = spec;
  if (resourceAttributes && nonResourceAttributes) {
    const detail = "cannot be specified in combination with resourceAttributes";
    errors.push(invalidValue("spec.nonResourceAttributes", nonResourceAttributes, detail));
  }
  if (!resourceAttributes && !nonResourceAttributes) {
    const detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
    errors.push(invalidValue("spec.resourceAttributes", undefined, detail));
  }
  if (kind !== "SelfSubjectAccessReview" && user === "" && groups.length === 0) {
    errors.push(invalidValue("spec.user", user, "at least one of user or group must be specified"));
  }
  if (kind === "LocalSubjectAccessReview" && nonResourceAttributes) {
    const detail = "disallowed on this kind of request";
    errors.push(invalidValue("spec.nonResourceAttributes", nonResourceAttributes, detail));
  }
  return errors;
}

function checkNamespace({ info }: SubresourceRequest, { spec }: SubjectAccessReview): void {
  const named = spec.resourceAttributes?.namespace ?? "";
  if (named === info.namespace) return;
  throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${info.namespace}`);
}

/** SelfSubjectRulesReview (`kubectl auth can-i --list`). */
export function rulesReviewHandler(authorizer: RuleAuthorizer): SubresourceHandler {
  return {
    group,
    plural: "selfsubjectrulesreviews",
    subresource: "",
    async handle(request) {
      const namespace = bodyOf<SelfSubjectRulesReview>(request).spec.namespace ?? "";
      if (namespace === "") throw badRequest("no namespace on request");
      const { rules, incomplete } = authorizer.rulesFor(request.user, namespace);
      return answer(201, {
        apiVersion,
        kind: "SelfSubjectRulesReview",
        metadata: {},
        spec: {},
        status: {
          resourceRules: rules
            .filter((rule) => rule.resources?.length)
            .map(({ verbs, apiGroups, resources, resourceNames }) => ({
              verbs,
              apiGroups,
              resources,
              ...(resourceNames?.length ? { resourceNames } : {}),
            })),
          nonResourceRules: rules
            .filter((rule) => rule.nonResourceURLs?.length)
            .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
          incomplete: incomplete !== undefined,
          ...(incomplete === undefined ? {} : { evaluationError: incomplete }),
        },
      });
    },
  };
}
