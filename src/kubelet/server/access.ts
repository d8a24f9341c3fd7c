/**
 * Who may ask the kubelet: clients with a certificate of the cluster's CA, or a bearer token that the API server
 * knows; and what: the API server and administrators everything, others as a SubjectAccessReview on the node says.
 */

import type { IncomingMessage } from "node:http";
import type { TLSSocket } from "node:tls";
import { subjectAccessReviews, tokenReviews } from "../../client/resources.ts";
import type { Client } from "../../client/types.ts";
import { BoundedCache } from "../../lib/bounded-cache.ts";
import type { Clock } from "../../lib/clock.ts";
import { valueAt } from "../../machinery/meta/accessors.ts";
import type { RoutedRequest } from "./routes.ts";

export interface Access {
  /** Whether a request may be answered as it was routed. Undefined: granted. Otherwise the code and text to answer with. */
  check(
    request: IncomingMessage,
    routed: RoutedRequest,
  ): Promise<{ readonly code: 401 | 403; readonly text: string } | undefined>;
}

interface User {
  readonly name: string;
  readonly groups: readonly string[];
}

const cacheMs = 60_000;
const cacheBytes = 512 * 1024;

export function createAccess(client: Client, nodeName: string, clock: Clock): Access {
  const decisions = new BoundedCache<{ readonly allowed: boolean; readonly until: number }>(cacheBytes);

  const authenticate = async (request: IncomingMessage): Promise<User | undefined> => {
    const socket = request.socket as TLSSocket;
    // That it was good when the connection was made says nothing about now.
    const end = socket.authorized ? socket.getPeerX509Certificate()?.validToDate.getTime() : undefined;
    if (end !== undefined && clock.now() <= end) {
      const { subject } = socket.getPeerCertificate();
      const names = (value: unknown): string[] =>
        Array.isArray(value) ? value.map(String) : typeof value === "string" ? [value] : [];
      const [name] = names(subject?.CN);
      if (name !== undefined) return { name, groups: [...names(subject?.O), "system:authenticated"] };
    }
    const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? "")?.[1];
    if (token === undefined) return undefined;
    const review = await client.of(tokenReviews).create({
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenReview",
      spec: { token },
    });
    if (review.status?.authenticated !== true) return undefined;
    return { name: review.status.user?.username ?? "", groups: review.status.user?.groups ?? [] };
  };

  const review = async (user: User, verb: string, subresource: string): Promise<boolean> => {
    const key = JSON.stringify([user, verb, subresource]);
    const known = decisions.get(key);
    if (known !== undefined && clock.now() < known.until) return known.allowed;
    const answer = await client.of(subjectAccessReviews).create({
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: {
        user: user.name,
        groups: [...user.groups],
        resourceAttributes: { version: "v1", resource: "nodes", subresource, verb, name: nodeName },
      },
    });
    const allowed = answer.status?.allowed === true;
    decisions.set(key, { allowed, until: clock.now() + cacheMs }, 32);
    return allowed;
  };

  return {
    async check(request, { method, subresources }) {
      const user = await authenticate(request);
      if (user === undefined) return { code: 401, text: "Unauthorized" };
      // The API server's own certificate is of this group; a name alone is whatever a signer was brought to sign.
      if (user.groups.includes("system:masters")) return undefined;
      const verb = valueAt(verbs, method) ?? "";
      for (const subresource of subresources) if (await review(user, verb, subresource)) return undefined;
      const text = `Forbidden (user=${user.name}, verb=${verb}, resource=nodes, subresource(s)=[${subresources.join(" ")}])\n`;
      return { code: 403, text };
    },
  };
}

/** Other methods have no verb, as upstream: whoever may do everything may use them. */
const verbs: Readonly<Record<string, string>> = {
  GET: "get",
  POST: "create",
  PUT: "update",
  PATCH: "patch",
  DELETE: "delete",
};
