/** Defaults of device requests, shared by ResourceClaim and ResourceClaimTemplate. */
import type {
  DeviceToleration,
  ExactDeviceRequest,
  ResourceClaim,
  ResourceClaimSpec,
} from "../../generated/resource-v1.ts";

export function applyResourceClaimDefaults({ spec, status }: ResourceClaim): void {
  if (spec !== undefined) applyClaimSpecDefaults(spec);
  for (const result of status?.allocation?.devices?.results ?? []) applyTolerationDefaults(result.tolerations);
}

export function applyClaimSpecDefaults(spec: ResourceClaimSpec): void {
  for (const { exactly, firstAvailable } of spec.devices?.requests ?? []) {
    for (const request of [...(exactly === undefined ? [] : [exactly]), ...(firstAvailable ?? [])]) {
      applyRequestDefaults(request);
    }
  }
}

function applyRequestDefaults(request: Pick<ExactDeviceRequest, "allocationMode" | "count" | "tolerations">): void {
  request.allocationMode ||= "ExactCount";
  if (request.allocationMode === "ExactCount") request.count ||= 1;
  applyTolerationDefaults(request.tolerations);
}

function applyTolerationDefaults(tolerations: readonly DeviceToleration[] | undefined): void {
  for (const toleration of tolerations ?? []) toleration.operator ||= "Equal";
}
