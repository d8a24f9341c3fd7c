/** Tokens of pods' service accounts, asked for through TokenRequest and renewed at 80 % of their life, or daily. */
import { serviceAccounts } from "../../client/resources.ts";
import type { Client } from "../../client/types.ts";
import type { TokenRequest } from "../../kinds/generated/authentication-v1.ts";
import type { Pod, ServiceAccountTokenProjection } from "../../kinds/generated/core-v1.ts";
import type { Clock } from "../../lib/clock.ts";
import { podUid } from "../pods/labels.ts";

export interface ServiceAccountTokens {
  get(pod: Pod, projection: ServiceAccountTokenProjection): Promise<string>;
  forget(uid: string): void;
}

const longestUseMs = 24 * 60 * 60 * 1000;

interface Held {
  readonly token: string;
  readonly expires: number;
  readonly renewAt: number;
}

export function createServiceAccountTokens(client: Client, clock: Clock): ServiceAccountTokens {
  const held = new Map<string, Map<string, Held>>();

  const request = async (
    pod: Pod,
    { audience, expirationSeconds = 3600 }: ServiceAccountTokenProjection,
  ): Promise<Held> => {
    const { name = "", namespace = "" } = pod.metadata ?? {};
    const now = clock.now();
    const body: TokenRequest = {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: {
        audiences: audience ? [audience] : [],
        expirationSeconds,
        boundObjectRef: { apiVersion: "v1", kind: "Pod", name, uid: podUid(pod) },
      },
    };
    const account = pod.spec?.serviceAccountName || "default";
    const answer = await client.of(serviceAccounts).createSubresource<TokenRequest>(account, "token", body, namespace);
    const expires = Date.parse(answer.status?.expirationTimestamp ?? "") || now + expirationSeconds * 1000;
    const renewAt = Math.min(now + (expires - now) * 0.8, now + longestUseMs);
    return { token: answer.status?.token ?? "", expires, renewAt };
  };

  return {
    async get(pod, projection) {
      const uid = podUid(pod);
      const ofPod = held.get(uid) ?? new Map<string, Held>();
      held.set(uid, ofPod);
      const key = `${projection.audience ?? ""}/${projection.expirationSeconds ?? ""}`;
      const known = ofPod.get(key);
      if (known !== undefined && clock.now() < known.renewAt) return known.token;
      try {
        const fresh = await request(pod, projection);
        ofPod.set(key, fresh);
        return fresh.token;
      } catch (error) {
        // An old token that is still good is better than none.
        if (known !== undefined && clock.now() < known.expires) return known.token;
        throw error;
      }
    },
    forget(uid) {
      held.delete(uid);
    },
  };
}
