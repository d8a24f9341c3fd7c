import { formatTime } from "../../../lib/clock.ts";
import type { APIService, APIServiceCondition } from "../../generated/apiregistration-v1.ts";

/** What the condition Available says of an APIService without a Service, and why. */
export const localAvailability: Pick<APIServiceCondition, "status" | "reason" | "message"> = {
  status: "True",
  reason: "Local",
  message: "Local APIServices are always available",
};

/**
 * A new APIService without a Service is available from the beginning; upstream's controller says so a moment later, by a
 * write of its own. That of one with a Service is found out.
 */
export function beginAvailability(service: APIService, { now }: { readonly now: number }): void {
  const condition = { type: "Available", lastTransitionTime: formatTime(now), ...localAvailability };
  service.status = service.spec?.service === undefined ? { conditions: [condition] } : {};
}
