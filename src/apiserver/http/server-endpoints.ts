import type { KeyObject } from "node:crypto";
import { versionInfo } from "../../lib/version.ts";
import {
  jsonWebKeySet,
  jsonWebKeySetPath,
  openidConfiguration,
  openidConfigurationPath,
} from "../authentication/index.ts";
import type { DiscoveryEndpoints } from "../discovery/endpoints.ts";
import { dumpPriorityLevels, dumpQueues, dumpRequests } from "../flow-control/dump.ts";
import type { FlowControl } from "../flow-control/index.ts";
import type { PriorityLevel } from "../flow-control/priority-level.ts";
import type { OpenApiEndpoints } from "../openapi/endpoints.ts";
import type { Health } from "./health.ts";
import { requireRead } from "./methods.ts";
import type { RequestMetrics } from "./metrics.ts";
import type { RequestContext } from "./request-context.ts";
import { encodeJson, sendBytes, sendText } from "./respond.ts";

export interface ServerEndpointParts {
  readonly health: Health;
  readonly metrics: RequestMetrics;
  readonly flowControl: FlowControl;
  readonly discovery: DiscoveryEndpoints;
  readonly openapi: OpenApiEndpoints;
  readonly issuer: string;
  readonly publicKeys: readonly KeyObject[];
}

type Endpoint = (context: RequestContext) => void;

const ownPaths = [
  "/healthz",
  "/livez",
  "/metrics",
  "/metrics/slis",
  "/openapi/v2",
  "/openapi/v3",
  "/readyz",
  "/version",
];

/** Told by none of the paths at `/`, as upstream. */
const flowControlDumps = "/debug/api_priority_and_fairness";

/** The endpoints that are no resources. The result answers a request, or says with false that its path is unknown. */
export function createServerEndpoints(
  parts: ServerEndpointParts,
): (context: RequestContext) => boolean | Promise<boolean> {
  const json = (context: RequestContext, object: unknown, type = "application/json"): void =>
    sendBytes(context, 200, type, encodeJson(object, type === "application/json"));
  const dump =
    (render: (levels: readonly PriorityLevel[], query: URLSearchParams) => string): Endpoint =>
    (context) =>
      sendText(context, 200, render(parts.flowControl.levels(), context.query));
  const fixed = new Map<string, Endpoint>([
    ["/version", (context) => json(context, versionInfo)],
    ["/version/", (context) => json(context, versionInfo)],
    ["/metrics", (context) => sendMetrics(context, parts.metrics.render() + parts.flowControl.renderMetrics())],
    ["/metrics/slis", (context) => sendMetrics(context, parts.health.renderIndicators())],
    [`${flowControlDumps}/dump_priority_levels`, dump((levels) => dumpPriorityLevels(levels))],
    [`${flowControlDumps}/dump_queues`, dump((levels) => dumpQueues(levels))],
    [
      `${flowControlDumps}/dump_requests`,
      dump((levels, query) => dumpRequests(levels, Boolean(query.get("includeRequestDetails")))),
    ],
    ["/", (context) => json(context, { paths: [...parts.discovery.paths(), ...ownPaths].sort() })],
    [
      openidConfigurationPath,
      (context) => json(context, openidConfiguration(parts.issuer, jwksUri(parts.issuer), parts.publicKeys)),
    ],
    [jsonWebKeySetPath, (context) => json(context, jsonWebKeySet(parts.publicKeys), "application/jwk-set+json")],
  ]);
  return (context) => {
    const { path } = context.info;
    const endpoint = fixed.get(path);
    if (endpoint !== undefined) {
      requireRead(context.request);
      endpoint(context);
      return true;
    }
    return parts.health.handle(context) || parts.discovery.handle(context) || parts.openapi.handle(context);
  };
}

function sendMetrics(context: RequestContext, text: string): void {
  sendBytes(context, 200, "text/plain; version=0.0.4", Buffer.from(text));
}

const jwksUri = (issuer: string): string => `${issuer}${jsonWebKeySetPath}`;
