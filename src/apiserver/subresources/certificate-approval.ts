import { validateApprovalUpdate } from "../../kinds/certificates/certificate-signing-request/conditions.ts";
import { prepareForApprovalUpdate } from "../../kinds/certificates/certificate-signing-request/strategy.ts";
import type { CertificateSigningRequest } from "../../kinds/generated/certificates-v1.ts";
import type { Clock } from "../../lib/clock.ts";
import { conflict, invalid, modifiedMessage } from "../../machinery/errors/status-error.ts";
import type { ObjectMeta, UnknownObject } from "../../machinery/meta/object.ts";
import { validateMetadataUpdate } from "../registry/metadata-validation.ts";
import type { SubresourceHandler } from "../types.ts";
import { bodyOf, mergedHandler } from "./subject.ts";

const group = "certificates.k8s.io";
const plural = "certificatesigningrequests";

/** GET and PUT certificatesigningrequests/NAME/approval: of spec and status only the conditions change. */
export function certificateApprovalHandler(clock: Clock): SubresourceHandler {
  return mergedHandler({ group, plural, subresource: "approval" }, (request, object) => {
    const body = bodyOf<CertificateSigningRequest>(request);
    const old = object as unknown as CertificateSigningRequest;
    const expected = body.metadata?.resourceVersion;
    if (expected && expected !== old.metadata?.resourceVersion) {
      throw conflict({ group, plural }, request.info.name, modifiedMessage);
    }
    const metadata = changedMetadata(old.metadata ?? {}, body.metadata ?? {});
    const next = prepareForApprovalUpdate({ ...body, metadata }, old, clock.now());
    const errors = [
      ...validateMetadataUpdate(request.kind, metadata, old.metadata ?? {}),
      ...validateApprovalUpdate(next, old),
    ];
    if (errors.length > 0) throw invalid({ group, kind: "CertificateSigningRequest" }, request.info.name, errors);
    return { ...object, metadata, status: next.status } as UnknownObject;
  });
}

/** Of metadata, what a user may change of any object; the rest is the server's. */
function changedMetadata(old: ObjectMeta, { labels, annotations, finalizers, managedFields }: ObjectMeta): ObjectMeta {
  const { labels: _l, annotations: _a, finalizers: _f, managedFields: _m, ...kept } = old;
  return {
    ...kept,
    ...(labels && { labels }),
    ...(annotations && { annotations }),
    ...(finalizers && { finalizers }),
    ...(managedFields && { managedFields }),
  };
}
