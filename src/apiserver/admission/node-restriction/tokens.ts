/** A node asks for tokens of accounts of its pods, bound to them, for audiences that they name. */
import { claimNameOf } from "../../../kinds/core/pod/claim-names.ts";
import type { TokenRequest } from "../../../kinds/generated/authentication-v1.ts";
import type { PersistentVolume, PersistentVolumeClaim, Pod, Volume } from "../../../kinds/generated/core-v1.ts";
import type { CSIDriver } from "../../../kinds/generated/storage-v1.ts";
import type { RuleAuthorizer } from "../../authorization/index.ts";
import type { AdmissionRequest, ObjectReader } from "../../types.ts";
import { objectOf, refuse } from "../request.ts";
import { existingPod } from "./pods.ts";

export interface TokenTools {
  readonly reader: ObjectReader;
  readonly authorizer: RuleAuthorizer;
}

export function checkToken(request: AdmissionRequest, node: string, tools: TokenTools): void {
  if (request.operation !== "CREATE" || request.subresource !== "token") return;
  const { spec } = objectOf<TokenRequest>(request);
  const bound = spec?.boundObjectRef;
  if (bound === undefined || bound.apiVersion !== "v1" || bound.kind !== "Pod" || !bound.name) {
    throw refuse(request, "node requested token not bound to a pod");
  }
  if (!bound.uid) throw refuse(request, "node requested token with a pod binding without a uid");
  const pod = existingPod({ ...request, name: bound.name }, tools.reader);
  if (bound.uid !== pod.metadata?.uid) {
    throw refuse(
      request,
      `the UID in the bound object reference (${bound.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  }
  if (pod.spec?.nodeName !== node) {
    throw refuse(request, "node requested token bound to a pod scheduled on a different node");
  }
  checkAudience(request, spec?.audiences ?? [], pod, tools);
}

function checkAudience(request: AdmissionRequest, audiences: readonly string[], pod: Pod, tools: TokenTools): void {
  if (audiences.length > 1) throw refuse(request, "node may only request 0 or 1 audiences");
  const [audience = ""] = audiences;
  if (podNamesAudience(pod, audience, tools.reader)) return;
  const { namespace, name, user } = request;
  const verb = "request-serviceaccounts-token-audience";
  const info = { path: "", verb, isResourceRequest: true, group: "", version: "v1", resource: audience };
  if (tools.authorizer.authorize({ user, info: { ...info, subresource: "", namespace, name } }).allowed) return;
  const shown = JSON.stringify(audience);
  throw refuse(
    request,
    `audience ${shown} not found in pod spec volume, ${user.username} is not authorized to request tokens for this audience`,
  );
}

function podNamesAudience(pod: Pod, audience: string, reader: ObjectReader): boolean {
  return (pod.spec?.volumes ?? []).some((volume) => {
    const sources = volume.projected?.sources ?? [];
    if (sources.some((one) => one.serviceAccountToken && (one.serviceAccountToken.audience ?? "") === audience)) {
      return true;
    }
    const driver = driverOf(volume, pod, reader);
    if (driver === undefined) return false;
    const { spec } = reader.get<CSIDriver>("storage.k8s.io", "csidrivers", "", driver) ?? {};
    return (spec?.tokenRequests ?? []).some((wanted) => wanted.audience === audience);
  });
}

/** The CSI driver of a volume, its claim's volume's where it is a claim. */
function driverOf(volume: Volume, { metadata }: Pod, reader: ObjectReader): string | undefined {
  if (volume.csi !== undefined) return volume.csi.driver;
  const claimName = claimNameOf(volume, metadata?.name ?? "");
  if (claimName === undefined) return undefined;
  const claim = reader.get<PersistentVolumeClaim>("", "persistentvolumeclaims", metadata?.namespace ?? "", claimName);
  const volumeName = claim?.spec?.volumeName;
  return volumeName
    ? reader.get<PersistentVolume>("", "persistentvolumes", "", volumeName)?.spec?.csi?.driver
    : undefined;
}
