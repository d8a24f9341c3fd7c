import type { TokenReview } from "../../kinds/generated/authentication-v1.ts";
import { formatTime, systemClock } from "../../lib/clock.ts";
import { badRequest } from "../../machinery/errors/status-error.ts";
import type { RequestAuthenticator } from "../authentication/index.ts";
import { userInfoObject } from "../authentication/user.ts";
import type { SubresourceHandler } from "../types.ts";
import { answer, bodyOf } from "./subject.ts";

const group = "authentication.k8s.io";
const apiVersion = `${group}/v1`;

/** POST tokenreviews: who a token stands for. */
export function tokenReviewHandler(authenticator: RequestAuthenticator): SubresourceHandler {
  return {
    group,
    plural: "tokenreviews",
    subresource: "",
    async handle(request) {
      const review = bodyOf<TokenReview>(request);
      const { token, audiences = [] } = review.spec;
      if (!token) throw badRequest("token is required for TokenReview in authentication");
      return answer(201, { ...review, apiVersion, kind: "TokenReview", status: await statusOf(token, audiences) });
    },
  };

  async function statusOf(token: string, audiences: readonly string[]): Promise<object> {
    try {
      const result = await authenticator.authenticateToken(token, audiences);
      if (result === undefined) return { user: {}, error: "[invalid bearer token]" };
      return { authenticated: true, user: userInfoObject(result.user), audiences: result.audiences };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { user: {}, error: `[invalid bearer token, ${message}]` };
    }
  }
}

/** POST selfsubjectreviews: who the caller is (`kubectl auth whoami`). */
export const selfSubjectReviewHandler: SubresourceHandler = {
  group,
  plural: "selfsubjectreviews",
  subresource: "",
  handle: async ({ user }) =>
    answer(201, {
      apiVersion,
      kind: "SelfSubjectReview",
      metadata: { creationTimestamp: formatTime(systemClock.now()) },
      status: { userInfo: userInfoObject(user) },
    }),
};
