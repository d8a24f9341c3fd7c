import type { KeyObject } from "node:crypto";
import type { TokenRequest } from "../../kinds/generated/authentication-v1.ts";
import type { Pod, ServiceAccount } from "../../kinds/generated/core-v1.ts";
import { type Clock, formatTime } from "../../lib/clock.ts";
import { invalidValue } from "../../machinery/errors/field-error.ts";
import { badRequest, conflict, invalid, notFound } from "../../machinery/errors/status-error.ts";
import { generateUid, valueAt } from "../../machinery/meta/accessors.ts";
import { type KubernetesObject, parseApiVersion } from "../../machinery/meta/object.ts";
import { keyId, signingAlgorithm } from "../authentication/service-account-key.ts";
import type { BoundReference, KubernetesClaims } from "../authentication/service-account-token.ts";
import { serviceAccountUsername } from "../authentication/user.ts";
import type { SubresourceHandler, SubresourceRequest } from "../types.ts";
import { answer, bodyOf, subjectOf } from "./subject.ts";

export interface TokenSigningOptions {
  readonly issuer: string;
  /** Default audiences of a TokenRequest without any; the issuer where empty. */
  readonly audiences: readonly string[];
  /** ECDSA or RSA. */
  readonly privateKey: KeyObject;
}

const gk = { group: "authentication.k8s.io", kind: "TokenRequest" };
const resource = { group: gk.group, plural: gk.kind };
const defaultExpirationSeconds = 3600;
const minimumExpirationSeconds = 600;
const maximumExpirationSeconds = 2 ** 32;
/** The duration that the ServiceAccount admission plugin asks for, which is extended to a year and only warned about. */
const warnOnlyExpirationSeconds = 3607;
const extendedExpirationSeconds = 365 * 24 * 3600;

/** POST serviceaccounts/NAME/token: a signed token, bound to a pod, secret or node where one is named. */
export function tokenRequestHandler(options: TokenSigningOptions, clock: Clock): SubresourceHandler {
  const ownAudiences = options.audiences.length > 0 ? options.audiences : [options.issuer];
  const header = { alg: signingAlgorithm(options.privateKey), kid: keyId(options.privateKey) };
  return {
    group: "",
    plural: "serviceaccounts",
    subresource: "token",
    async handle(request) {
      const account = subjectOf<ServiceAccount>(request);
      const token = bodyOf<TokenRequest>(request);
      checkMetadata(request, token, account);
      const spec = {
        ...token.spec,
        audiences: token.spec?.audiences?.length ? token.spec.audiences : [...ownAudiences],
        expirationSeconds: token.spec?.expirationSeconds ?? defaultExpirationSeconds,
      };
      checkExpiration(spec.expirationSeconds);
      const bound = boundObject(request, spec.boundObjectRef);
      const now = Math.floor(clock.now() / 1000);
      const extended =
        bound.pod !== undefined &&
        spec.expirationSeconds === warnOnlyExpirationSeconds &&
        spec.audiences.every((audience) => ownAudiences.includes(audience));
      const { namespace = "", name = "", uid = "" } = account.metadata ?? {};
      const kubernetes: KubernetesClaims = {
        namespace,
        ...(bound.node ? { node: bound.node } : {}),
        ...(bound.pod ? { pod: bound.pod } : {}),
        ...(bound.secret ? { secret: bound.secret } : {}),
        serviceaccount: { name, uid },
        ...(extended ? { warnafter: now + spec.expirationSeconds } : {}),
      };
      const tokenId = generateUid();
      request.annotate?.("authentication.kubernetes.io/issued-credential-id", `JTI=${tokenId}`);
      const { SignJWT } = await import("jose");
      const signed = await new SignJWT({ "kubernetes.io": kubernetes })
        .setProtectedHeader(header)
        .setIssuer(options.issuer)
        .setSubject(serviceAccountUsername(namespace, name))
        .setAudience(spec.audiences)
        .setIssuedAt(now)
        .setNotBefore(now)
        .setExpirationTime(now + (extended ? extendedExpirationSeconds : spec.expirationSeconds))
        .setJti(tokenId)
        .sign(options.privateKey);
      return answer(201, {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        metadata: { name, namespace, uid, creationTimestamp: formatTime(now * 1000) },
        spec,
        status: { expirationTimestamp: formatTime((now + spec.expirationSeconds) * 1000), token: signed },
      });
    },
  };
}

function checkMetadata({ info }: SubresourceRequest, { metadata }: TokenRequest, account: ServiceAccount): void {
  const refuse = (field: string, value: string, detail: string): never => {
    throw invalid(gk, info.name, [invalidValue(`metadata.${field}`, value, detail)]);
  };
  if (metadata?.name && metadata.name !== info.name) {
    refuse("name", metadata.name, "must match the service account name if specified");
  }
  if (metadata?.namespace && metadata.namespace !== info.namespace) {
    refuse("namespace", metadata.namespace, "must match the service account namespace if specified");
  }
  const uid = account.metadata?.uid;
  if (metadata?.uid && metadata.uid !== uid) {
    const detail = `the UID in the token request (${metadata.uid}) does not match the UID of the service account (${uid})`;
    throw conflict(resource, info.name, detail);
  }
}

function checkExpiration(seconds: number): void {
  const refuse = (detail: string): never => {
    throw invalid(gk, "", [invalidValue("spec.expirationSeconds", seconds, detail)]);
  };
  if (seconds < minimumExpirationSeconds) refuse("may not specify a duration less than 10 minutes");
  if (seconds > maximumExpirationSeconds) refuse("may not specify a duration larger than 2^32 seconds");
}

type Bound = Pick<KubernetesClaims, "pod" | "node" | "secret">;

function boundObject(
  { reader, info }: SubresourceRequest,
  reference: NonNullable<TokenRequest["spec"]>["boundObjectRef"],
): Bound {
  if (reference === undefined) return {};
  const { apiVersion = "", kind = "", name = "" } = reference;
  const plural = parseApiVersion(apiVersion).group === "" ? valueAt(plurals, kind) : undefined;
  if (plural === undefined) {
    throw badRequest(`cannot bind token to object of type ${apiVersion}, Kind=${kind}`);
  }
  const object = reader.get<KubernetesObject>("", plural, plural === "nodes" ? "" : info.namespace, name);
  if (object === undefined) throw notFound({ group: "", plural }, name);
  const bound: BoundReference = { name, uid: object.metadata?.uid ?? "" };
  if (reference.uid && reference.uid !== bound.uid) {
    const detail = `the UID in the bound object reference (${reference.uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw conflict({ group: "", plural: kind }, name, detail);
  }
  if (plural === "nodes") return { node: bound };
  if (plural === "secrets") return { secret: bound };
  const { spec } = object as Pod;
  if (spec?.serviceAccountName !== info.name) {
    throw badRequest(
      `cannot bind token for serviceaccount ${JSON.stringify(info.name)} to pod running with different serviceaccount name.`,
    );
  }
  if (!spec.nodeName) return { pod: bound };
  const node = reader.get<KubernetesObject>("", "nodes", "", spec.nodeName);
  const uid = node?.metadata?.uid;
  return { pod: bound, node: { name: spec.nodeName, ...(uid ? { uid } : {}) } };
}

const plurals: Readonly<Record<string, string>> = { Pod: "pods", Node: "nodes", Secret: "secrets" };
