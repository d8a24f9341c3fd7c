/**
 * The resource metrics API, metrics.k8s.io/v1beta1: what nodes and pods use, for `kubectl top` and autoscalers. Fed by
 * the kubelets, when somebody asks; feeds registry and discovery with two read-only resources. The APIService
 * v1beta1.metrics.k8s.io decides who serves them: this one while it names no Service, its Service otherwise (then
 * requests never come here), nobody where it was deleted.
 */
import type { APIService } from "../../kinds/generated/apiregistration-v1.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/log.ts";
import type { ResourceRegistry } from "../registry/resources.ts";
import type { KubeletConnections } from "../streaming/kubelet-connection.ts";
import type { ObjectReader, SubresourceHandler } from "../types.ts";
import { nodeMetricsHandler, podMetricsHandler } from "./handlers.ts";
import { UsageHistory } from "./history.ts";
import { nodeMetrics, podMetrics } from "./kinds.ts";
import { Scraper } from "./scraper.ts";

export interface ResourceMetricsParts {
  readonly resources: ResourceRegistry;
  readonly reader: ObjectReader;
  readonly kubelets: Pick<KubeletConnections, "addressOf" | "get">;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface ResourceMetrics {
  readonly handlers: readonly SubresourceHandler[];
  close(): void;
}

const apiServices = { group: "apiregistration.k8s.io", plural: "apiservices" };
const apiServiceName = "v1beta1.metrics.k8s.io";

export function serveResourceMetrics(parts: ResourceMetricsParts): ResourceMetrics {
  const { resources, reader } = parts;
  const history = new UsageHistory();
  const scraper = new Scraper({ ...parts, history });
  let served = false;

  const serve = (wanted: boolean): void => {
    if (wanted === served) return;
    served = wanted;
    for (const kind of [nodeMetrics, podMetrics]) {
      if (wanted) resources.add(kind);
      else resources.remove(kind);
    }
  };
  const isLocal = (service: APIService | undefined): boolean =>
    service !== undefined && service.spec?.service === undefined;

  serve(isLocal(reader.get<APIService>(apiServices.group, apiServices.plural, "", apiServiceName)));
  const close = reader.subscribe(apiServices.group, apiServices.plural, ({ type, object }) => {
    if (object.metadata?.name === apiServiceName) serve(type !== "DELETED" && isLocal(object as unknown as APIService));
  });
  const sources = { resources, history, scraper };
  return { handlers: [nodeMetricsHandler(sources), podMetricsHandler(sources)], close };
}
