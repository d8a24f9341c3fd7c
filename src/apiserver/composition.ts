/** Puts the parts of the API server together; see server.ts for what flows between them. */
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import type { Duplex } from "node:stream";
import { builtInKinds } from "../kinds/index.ts";
import { systemClock } from "../lib/clock.ts";
import type { Logger } from "../lib/log.ts";
import { badRequest } from "../machinery/errors/status-error.ts";
import type { Store } from "../store/types.ts";
import { createAdmissionChain } from "./admission/index.ts";
import type { FindKind } from "./admission/policies/policy-set.ts";
import { Aggregator } from "./aggregation/index.ts";
import { Registration } from "./aggregation/registration.ts";
import { createAuditor } from "./audit/index.ts";
import { createAuthenticator, impersonate } from "./authentication/index.ts";
import { createAuthorizer, forbiddenError } from "./authorization/index.ts";
import { maintainFlowControl } from "./bootstrap/flow-control-maintenance.ts";
import { type BootstrapHook, createBootstrap } from "./bootstrap/index.ts";
import { serveCustomResources } from "./custom-resources/index.ts";
import { DiscoveryEndpoints } from "./discovery/endpoints.ts";
import { FlowControl } from "./flow-control/index.ts";
import { Health } from "./http/health.ts";
import { createHealthChecks } from "./http/health-checks.ts";
import { RequestMetrics } from "./http/metrics.ts";
import type { RequestContext } from "./http/request-context.ts";
import { RequestHandler } from "./http/request-handler.ts";
import { createServerEndpoints } from "./http/server-endpoints.ts";
import { serveResourceMetrics } from "./metrics/index.ts";
import { OpenApiEndpoints } from "./openapi/endpoints.ts";
import { Creator } from "./registry/create.ts";
import { Deleter } from "./registry/delete.ts";
import { expireEvents } from "./registry/event-expiry.ts";
import { CacheReader, RegistryWriter } from "./registry/object-access.ts";
import { ObjectWrites } from "./registry/object-writes.ts";
import { checkSubresource, ResourceHandler } from "./registry/resource-handler.ts";
import { ResourceRegistry } from "./registry/resources.ts";
import { SubresourceCalls } from "./registry/subresource-calls.ts";
import { Updater } from "./registry/update.ts";
import { WriteHandler } from "./registry/write-handler.ts";
import type { ApiServerOptions } from "./server.ts";
import { KubeletConnections } from "./streaming/kubelet-connection.ts";
import { createSubresourceHandlers } from "./subresources/index.ts";
import type { AdmissionPlugin } from "./types.ts";
import { WatchCache } from "./watch/watch-cache.ts";
import { WatchHub } from "./watch/watch-hub.ts";

export interface ApiServerParts {
  readonly handler: RequestHandler;
  /** Makes what every cluster has; the server is ready afterwards. */
  bootstrap(port: number): Promise<void>;
  /** Says no to readiness checks and ends watches. */
  beginShutdown(): void;
  close(): void;
}

export async function createApiServerParts(
  options: ApiServerOptions,
  store: Store,
  log: Logger,
): Promise<ApiServerParts> {
  const clock = systemClock;
  const cache = await WatchCache.open(store);
  const hub = new WatchHub(cache);
  const resources = new ResourceRegistry(cache, builtInKinds);
  const reader = new CacheReader(resources);

  const writes = new ObjectWrites(cache);
  // Plug-ins write through the registry that asks them, so the list is filled when both exist.
  const plugins: AdmissionPlugin[] = [];
  const creator = new Creator(writes, plugins);
  const updater = new Updater(writes, creator, plugins);
  const deleter = new Deleter(writes, plugins);
  const writer = new RegistryWriter({ resources, creator, updater, deleter, clock });

  const { issuer, privateKey, publicKeys, audiences = [issuer] } = options.serviceAccount;
  const signingKey = createPrivateKey(privateKey);
  const verifyingKeys: KeyObject[] = (publicKeys ?? [privateKey]).map((pem) => createPublicKey(pem));
  const authorizer = createAuthorizer({ reader });
  const authenticator = createAuthenticator({
    clientCa: options.tls.clientCa,
    ...(options.tls.requestHeader === undefined ? {} : { requestHeader: options.tls.requestHeader }),
    serviceAccount: { issuer, audiences, publicKeys: verifyingKeys },
    reader,
    clock,
  });
  const { serviceSubnet, nodePortRange } = options;
  const findKind: FindKind = (apiVersion, kind) =>
    [...resources.all()].find((one) => one.apiVersion === apiVersion && one.kind.kind === kind)?.kind;
  const servedKinds = () => Array.from(resources.all(), ({ kind }) => kind);
  const ports = nodePortRange === undefined ? {} : { nodePortRange };
  plugins.push(
    ...createAdmissionChain({ authorizer, serviceSubnet, ...ports, clock, findKind, servedKinds }, reader, writer),
  );
  const kubelets = new KubeletConnections(options.kubelet);
  const resourceMetrics = serveResourceMetrics({ resources, reader, kubelets, clock, log });
  const handlers = [
    ...createSubresourceHandlers({
      authenticator,
      authorizer,
      tokens: { issuer, audiences, privateKey: signingKey },
      kubelets,
      clock,
    }),
    ...resourceMetrics.handlers,
  ];
  const now = (): number => clock.now();
  const subresources = new SubresourceCalls({ handlers, plugins, reader, writer, now });
  const authorizeCreate = async ({ info, user }: RequestContext): Promise<void> => {
    const asked = { user, info: { ...info, verb: "create" } };
    const decision = await authorizer.authorize(asked);
    if (!decision.allowed) throw forbiddenError(asked, decision);
  };
  const writeHandler = new WriteHandler({ cache, creator, updater, deleter, clock, authorizeCreate });
  const resourceHandler = new ResourceHandler({ resources, cache, hub, writes: writeHandler, subresources, clock });

  const events = resources.find("", "v1", "events");
  const stopExpiry = events === undefined ? pass : expireEvents({ resource: events, writes, clock, log });

  const aggregator = new Aggregator({ reader, writer, clock, log, proxyClient: options.tls.proxyClient });
  const registration = new Registration({ reader, writer, clock, log });
  const customResources = serveCustomResources({ resources, reader, writer, clock, log });

  const flowControl = new FlowControl({ reader, writer, clock, log });
  let stopMaintenance = pass;

  let stopping = false;
  const metrics = new RequestMetrics(
    () => ({
      apiserver_current_inflight_requests: handler.inFlight - hub.size,
      apiserver_longrunning_requests: hub.size,
      etcd_current_revision: cache.revision,
    }),
    ({ group, version, resource, subresource }) => {
      const served = resources.find(group, version, resource)?.subresources;
      return served !== undefined && (subresource === "" || served.has(subresource));
    },
  );
  const finished = new Set<BootstrapHook>();
  const health = new Health(
    createHealthChecks({
      readStore: () => store.get(healthKey),
      finished,
      follows: {
        cache: () => cache.following,
        customResources: () => customResources.running,
        aggregation: () => aggregator.running,
        flowControl: () => flowControl.running,
      },
      admissionPlugins: () => plugins.length,
      missingApiServices: () => registration.missing(),
      stopping: () => stopping,
    }),
  );
  const nonResource = createServerEndpoints({
    health,
    metrics,
    flowControl,
    discovery: new DiscoveryEndpoints(resources, aggregator),
    openapi: new OpenApiEndpoints(resources, aggregator),
    issuer,
    publicKeys: verifyingKeys,
  });

  const handler = new RequestHandler({
    authenticate: (request) => authenticator.authenticate(request),
    impersonate: (request, user) => impersonate(request, user, authorizer),
    startFlow: (info, user) => flowControl.start(info, user),
    authorizer,
    forbidden: (info, user, decision) => forbiddenError({ info, user }, decision),
    resource: (context) => aggregator.handle(context) ?? resourceHandler.handle(context),
    nonResource: (context) => aggregator.handle(context)?.then(() => true) ?? nonResource(context),
    upgrade,
    auditor: options.audit === undefined ? undefined : createAuditor({ ...options.audit, clock }),
    metrics,
    log,
  });

  async function upgrade(context: RequestContext, socket: Duplex, head: Buffer): Promise<void> {
    const aggregated = aggregator.upgrade(context, socket, head);
    if (aggregated !== undefined) return aggregated;
    if (!context.info.isResourceRequest) throw badRequest("nothing to upgrade to here");
    const resource = resourceHandler.resourceOf(context);
    const found = subresources.find(resource, context.info.subresource);
    if (found?.upgrade === undefined) throw badRequest("nothing to upgrade to here");
    checkSubresource(resource, context.info, context.request.method);
    await found.upgrade(await subresources.upgradeRequest(context, resource), socket, head);
  }

  return {
    handler,
    async bootstrap(port) {
      const { address, port: advertisedPort = port } = options.advertised;
      await createBootstrap({
        reader,
        writer,
        advertised: { address, port: advertisedPort },
        serviceSubnet,
        clientCa: options.tls.clientCa,
        ...(options.tls.requestHeader === undefined ? {} : { requestHeader: options.tls.requestHeader }),
        registerApiServices: () => registration.start(),
        finished: (hook) => finished.add(hook),
      }).run();
      stopMaintenance = maintainFlowControl({ reader, writer, clock, log });
    },
    beginShutdown() {
      stopping = true;
      hub.close();
    },
    close() {
      stopExpiry();
      stopMaintenance();
      flowControl.close();
      customResources.stop();
      resourceMetrics.close();
      registration.close();
      aggregator.close();
      cache.close();
    },
  };
}

/** What health checks ask the store for; nothing is kept there. */
const healthKey = "/registry/health";
const pass = (): void => undefined;
