/** What the streams of a pod have in common: which container is meant, and how a request says so. */
import type { Pod } from "../../kinds/generated/core-v1.ts";
import { badRequest } from "../../machinery/errors/status-error.ts";
import type { SubresourceRequest } from "../types.ts";

/** Whether a parameter of the query is set. */
export const flag = (query: URLSearchParams, name: string): boolean => ["1", "true"].includes(query.get(name) ?? "");

/** The container asked for, or the only one. Throws StatusError BadRequest. */
export function containerOf({ spec, metadata }: Pod, wanted: string | null): string {
  const containers = (spec?.containers ?? []).map((one) => one.name);
  const initContainers = (spec?.initContainers ?? []).map((one) => one.name);
  const ephemeral = (spec?.ephemeralContainers ?? []).map((one) => one.name);
  const name = metadata?.name ?? "";
  if (wanted) {
    if ([...containers, ...initContainers, ...ephemeral].includes(wanted)) return wanted;
    throw badRequest(`container ${wanted} is not valid for pod ${name}`);
  }
  const [only, ...others] = containers;
  if (only === undefined) throw badRequest(`a container name must be specified for pod ${name}`);
  if (others.length === 0) return only;
  const alternatives = initContainers.length > 0 ? ` or one of the init containers: [${initContainers.join(" ")}]` : "";
  throw badRequest(
    `a container name must be specified for pod ${name}, choose one of: [${containers.join(" ")}]${alternatives}`,
  );
}

export const isWebSocketUpgrade = ({ request }: SubresourceRequest): boolean =>
  request.headers.upgrade?.toLowerCase() === "websocket";
