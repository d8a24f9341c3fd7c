/**
 * What happens to every request: taken apart, authenticated, authorized, dispatched, counted, its errors answered.
 * Fed by the listener; feeds the registry's handler and the endpoints that are no resources.
 */
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { errorChain, type Logger } from "../../lib/log.ts";
import { depthMessage } from "../../machinery/codec/json.ts";
import { badRequest, internalError, StatusError, timeout, unknownPath } from "../../machinery/errors/status-error.ts";
import type { Auditor } from "../audit/index.ts";
import { anonymous } from "../authentication/user.ts";
import type { FlowRequest } from "../flow-control/flow-request.ts";
import type { AuthorizationDecision, Authorizer, HttpRequest, HttpResponse, RequestInfo, UserInfo } from "../types.ts";
import type { RequestMetrics } from "./metrics.ts";
import { RequestContext } from "./request-context.ts";
import { parseRequestInfo } from "./request-info.ts";
import { requestTimeout } from "./request-timeout.ts";
import { sendError, sendTooManyRequests } from "./respond.ts";
import { SharedWork } from "./shared-work.ts";

export interface RequestHandlerParts {
  authenticate(request: HttpRequest): Promise<UserInfo> | UserInfo;
  impersonate(request: HttpRequest, user: UserInfo): Promise<UserInfo>;
  /** Asks for a seat under priority and fairness. */
  startFlow(info: RequestInfo, user: UserInfo): FlowRequest;
  readonly authorizer: Authorizer;
  forbidden(info: RequestInfo, user: UserInfo, decision: AuthorizationDecision): StatusError;
  /** Answers a request for a resource. */
  resource(context: RequestContext): Promise<void> | void;
  /** Answers another request; false where its path is not known. */
  nonResource(context: RequestContext): Promise<boolean> | boolean;
  /** Takes over the connection of an upgrade request. */
  upgrade(context: RequestContext, socket: Duplex, head: Buffer): Promise<void>;
  /** Undefined: nothing is logged. */
  readonly auditor: Auditor | undefined;
  readonly metrics: RequestMetrics;
  readonly log: Logger;
}

/** For what has no time limit of its own; a request waits for a quarter of its limit at most. */
const maximumWaitMs = 60_000;
const longRunningSubresources = new Set(["exec", "attach", "portforward", "proxy", "log"]);
const upgradedCode = 101;
const nobody: RequestInfo = parseRequestInfo("GET", "/");

export class RequestHandler {
  readonly #parts: RequestHandlerParts;
  readonly #work = new SharedWork();
  #inFlight = 0;

  constructor(parts: RequestHandlerParts) {
    this.#parts = parts;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Answers one request. Never throws. */
  readonly serve = (request: HttpRequest, response: HttpResponse): void => {
    const started = performance.now();
    const context = this.#contextOf(request, response);
    if (context === undefined) return;
    const { info } = context;
    const longRunning = isLongRunning(info);
    // Writing to a connection that broke a moment ago is no error of ours.
    response.on("error", ignore);
    this.#inFlight++;
    response.once("close", () => {
      this.#inFlight--;
      const seconds = longRunning ? undefined : (performance.now() - started) / 1000;
      this.#parts.metrics.observe(info, response.statusCode, seconds);
      context.audit?.complete(response.statusCode);
    });
    try {
      const limitMs = longRunning ? undefined : requestTimeout(context.query);
      const limited = !longRunning || info.verb === "watch";
      const pending = this.#run(context, (identified) =>
        limited ? this.#limit(identified, limitMs) : this.#authorize(identified, this.#dispatch),
      );
      if (pending !== undefined) this.#follow(context, pending, limitMs);
      else context.flow?.finish();
    } catch (error) {
      context.flow?.finish();
      this.#fail(context, error);
    }
  };

  /** Answers one HTTP/1.1 upgrade. Never throws. `response` writes to the same connection where it is refused. */
  readonly upgrade = (request: HttpRequest, response: HttpResponse, socket: Duplex, head: Buffer): void => {
    const context = this.#contextOf(request, response);
    if (context === undefined) return;
    socket.on("error", (error) => this.#parts.log.debug("connection failed", { error }));
    (socket as Socket).setTimeout?.(0);
    // What is refused has a code of its own by then.
    socket.once("close", () => context.audit?.complete(response.headersSent ? response.statusCode : upgradedCode));
    const run = async (): Promise<void> =>
      this.#run(context, (identified) =>
        this.#authorize(identified, async (authorized) => {
          await this.#parts.upgrade(authorized, socket, head);
          authorized.audit?.started(upgradedCode);
        }),
      );
    run().catch((error: unknown) => this.#fail(context, error));
  };

  #contextOf(request: HttpRequest, response: HttpResponse): RequestContext | undefined {
    try {
      const info = parseRequestInfo(request.method ?? "GET", request.url ?? "/");
      return new RequestContext({ request, response, info, user: anonymous, work: this.#work });
    } catch (error) {
      this.#fail(new RequestContext({ request, response, info: nobody, user: anonymous, work: this.#work }), error);
      return undefined;
    }
  }

  #run(context: RequestContext, then: (context: RequestContext) => Promise<void> | void): Promise<void> | void {
    let user: UserInfo | Promise<UserInfo>;
    try {
      user = this.#parts.authenticate(context.request);
    } catch (error) {
      this.#unauthenticated(context);
      throw error;
    }
    if (!(user instanceof Promise)) return this.#identified(context, user, then);
    const failed = (error: unknown): never => {
      this.#unauthenticated(context);
      throw error;
    };
    return user.catch(failed).then((known) => this.#identified(context, known, then));
  }

  #identified(
    context: RequestContext,
    user: UserInfo,
    then: (context: RequestContext) => Promise<void> | void,
  ): Promise<void> | void {
    context.user = user;
    context.audit = this.#parts.auditor?.begin(context, user, isLongRunning(context.info));
    if (!wantsImpersonation(context.request)) return then(context);
    return this.#parts.impersonate(context.request, user).then((other) => {
      context.user = other;
      context.audit?.impersonating(other);
      return then(context);
    });
  }

  #unauthenticated(context: RequestContext): void {
    const attempted = context.request.headers.authorization?.split(" ")[0]?.toLowerCase() ?? "x509";
    const message = `Authentication failed, attempted: ${attempted}`;
    this.#parts.auditor?.begin(context, undefined, false)?.unauthenticated(message);
  }

  /** Goes on when the request has a seat, or refuses it. Before authorization, as upstream: that too is work. */
  #limit(context: RequestContext, limitMs: number | undefined): Promise<void> | void {
    const flow = this.#parts.startFlow(context.info, context.user);
    context.flow = flow;
    if (flow.executing) return this.#authorize(context, this.#dispatch);
    if (!flow.waiting) {
      sendTooManyRequests(context, flow.retryAfterSeconds);
      return;
    }
    const { response } = context;
    const turn = flow.turn((limitMs ?? maximumWaitMs) / 4, (gone) => response.once("close", gone));
    return turn.then((executes) => {
      if (executes) return this.#authorize(context, this.#dispatch);
      sendTooManyRequests(context, flow.retryAfterSeconds);
      return undefined;
    });
  }

  #authorize(context: RequestContext, then: (context: RequestContext) => Promise<void> | void): Promise<void> | void {
    const { info, user } = context;
    const decision = this.#parts.authorizer.authorize({ info, user });
    if (decision instanceof Promise) return decision.then((made) => this.#decided(context, made, then));
    return this.#decided(context, decision, then);
  }

  #decided(
    context: RequestContext,
    decision: AuthorizationDecision,
    then: (context: RequestContext) => Promise<void> | void,
  ): Promise<void> | void {
    const { audit } = context;
    audit?.annotate("authorization.k8s.io/decision", decision.allowed ? "allow" : "forbid");
    audit?.annotate("authorization.k8s.io/reason", decision.reason);
    if (!decision.allowed) throw this.#parts.forbidden(context.info, context.user, decision);
    return then(context);
  }

  readonly #dispatch = (context: RequestContext): Promise<void> | void => {
    if (context.info.isResourceRequest) {
      return this.#parts.resource(context);
    }
    const known = this.#parts.nonResource(context);
    if (known === false) throw unknownPath();
    if (known === true) return;
    return known.then((answered) => {
      if (!answered) throw unknownPath();
    });
  };

  /** Answers with Timeout what takes longer than `limitMs`; the work itself goes on and its answer is dropped. */
  #follow(context: RequestContext, pending: Promise<void>, limitMs: number | undefined): void {
    const timer =
      limitMs === undefined
        ? undefined
        : setTimeout(() => {
            sendError(context, timeout("request did not complete within the allotted timeout"));
          }, limitMs);
    pending
      .catch((error: unknown) => this.#fail(context, error))
      .finally(() => {
        clearTimeout(timer);
        context.flow?.finish();
      });
  }

  /** Never throws: it is the last that is asked, and what it threw would end the process. */
  #fail(context: RequestContext, error: unknown): void {
    try {
      this.#sendFailure(context, error);
    } catch (cause) {
      this.#parts.log.warn("cannot answer", { url: context.request.url, error: errorChain(cause) });
      context.response.destroy();
    }
  }

  #sendFailure(context: RequestContext, error: unknown): void {
    if (error instanceof StatusError) {
      sendError(context, error);
      return;
    }
    // Nobody but the client nests so deep, wherever it is met: objects that are stored keep within a depth that is safe.
    if (error instanceof RangeError && error.message.startsWith("Maximum call stack")) {
      sendError(context, badRequest(depthMessage, { cause: error }));
      return;
    }
    const { method, url } = context.request;
    const stack = error instanceof Error ? error.stack : undefined;
    this.#parts.log.error("request failed", { method, url, error: errorChain(error), stack });
    context.audit?.panic(error instanceof Error ? error.message : String(error));
    sendError(context, internalError(error));
  }
}

const ignore = (): void => undefined;

/** Extra fields alone are a wish too, which is refused: who narrows down a user by them must not act without them. */
function wantsImpersonation({ headers }: HttpRequest): boolean {
  for (const name in headers) if (name.startsWith("impersonate-")) return true;
  return false;
}

function isLongRunning({ verb, subresource }: RequestInfo): boolean {
  return verb === "watch" || longRunningSubresources.has(subresource);
}
