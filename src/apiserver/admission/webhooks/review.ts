/** AdmissionReview of admission.k8s.io/v1: what a webhook is asked, and what its answer says. */
import { randomUUID } from "node:crypto";
import { parseApiVersion, type UnknownObject } from "../../../machinery/meta/object.ts";
import { userInfoObject } from "../../authentication/user.ts";
import type { AdmissionRequest } from "../../types.ts";

export interface AdmissionReview {
  readonly apiVersion: string;
  readonly kind: "AdmissionReview";
  readonly request: Readonly<Record<string, unknown>> & { readonly uid: string };
}

export interface AdmissionResponse {
  readonly uid: string;
  readonly allowed: boolean;
  readonly status?: { code?: number; reason?: string; message?: string; status?: string };
  readonly patch?: string;
  readonly patchType?: string;
  readonly warnings?: readonly string[];
  readonly auditAnnotations?: Readonly<Record<string, unknown>>;
}

/** The `request` of a review, without its uid: also what expressions see. */
export function requestFields(request: AdmissionRequest): Record<string, unknown> {
  const { kind, subresource, object, operation, namespace, name, user, dryRun, options, oldObject } = request;
  const subject = object ?? oldObject;
  const given = typeof subject?.apiVersion === "string" ? parseApiVersion(subject.apiVersion) : kind;
  const gvk = { group: given.group, version: given.version, kind: subject?.kind ?? kind.kind };
  const resource = { group: kind.group, version: kind.version, resource: kind.plural };
  const sub = subresource === "" ? {} : { subResource: subresource };
  const requestSub = subresource === "" ? {} : { requestSubResource: subresource };
  return {
    kind: gvk,
    resource,
    ...sub,
    requestKind: gvk,
    requestResource: resource,
    ...requestSub,
    ...(name === "" ? {} : { name }),
    ...(namespace === "" ? {} : { namespace }),
    operation,
    userInfo: userInfoObject(user),
    object: object ?? null,
    oldObject: oldObject ?? null,
    dryRun,
    options: Object.keys(options).length === 0 ? null : optionsOf(options, operation),
  };
}

function optionsOf(options: UnknownObject, operation: string): UnknownObject {
  if (options.kind !== undefined) return options;
  const kind = { CREATE: "CreateOptions", UPDATE: "UpdateOptions", DELETE: "DeleteOptions" }[operation];
  return kind === undefined ? options : { kind, apiVersion: "meta.k8s.io/v1", ...options };
}

export function reviewOf(request: AdmissionRequest, versions: readonly string[] | undefined): AdmissionReview {
  const version = versions?.find((one) => one === "v1" || one === "v1beta1") ?? "v1";
  const uid = randomUUID();
  return {
    apiVersion: `admission.k8s.io/${version}`,
    kind: "AdmissionReview",
    request: { uid, ...requestFields(request) },
  };
}

/** Throws an Error that says what is wrong with an answer. */
export function responseOf(
  answer: unknown,
  { apiVersion, request }: AdmissionReview,
  mutating: boolean,
): AdmissionResponse {
  const review = (answer ?? {}) as { apiVersion?: string; kind?: string; response?: AdmissionResponse };
  const { response } = review;
  if (response === undefined || response === null) throw new Error("webhook response was absent");
  if (apiVersion.endsWith("/v1beta1")) return { ...response, patchType: response.patchType ?? "JSONPatch" };
  if (response.uid !== request.uid) {
    throw new Error(`expected response.uid=${JSON.stringify(request.uid)}, got ${JSON.stringify(response.uid ?? "")}`);
  }
  if (review.apiVersion !== apiVersion || review.kind !== "AdmissionReview") {
    throw new Error(
      `expected webhook response of ${apiVersion}, Kind=AdmissionReview, got ${review.apiVersion ?? ""}, Kind=${review.kind ?? ""}`,
    );
  }
  const { patch, patchType } = response;
  if (!mutating && patch) throw new Error("validating webhook may not return response.patch");
  if (!mutating && patchType) throw new Error("validating webhook may not return response.patchType");
  if (patch && !patchType) throw new Error("webhook returned response.patch but not response.patchType");
  if (patchType && !patch) throw new Error("webhook returned response.patchType but not response.patch");
  if (patchType && patchType !== "JSONPatch") {
    throw new Error(`webhook returned invalid response.patchType of ${JSON.stringify(patchType)}`);
  }
  return response;
}
