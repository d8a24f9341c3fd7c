import type { FlowRequest } from "../flow-control/flow-request.ts";
import type { HttpRequest, HttpResponse, RequestInfo, UserInfo } from "../types.ts";
import { negotiate, type OutputForm, type Producible } from "./negotiation.ts";
import type { SharedWork } from "./shared-work.ts";

export interface RequestContextParts {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
  readonly info: RequestInfo;
  readonly user: UserInfo;
  readonly work: SharedWork;
}

/** One request on its way through the server: what it asks, who asks, and what is gathered for its answer. */
export class RequestContext {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
  readonly info: RequestInfo;
  readonly work: SharedWork;
  user: UserInfo;
  /** How priority and fairness classified the request; undefined where it is not subject to it, or not yet known. */
  flow: FlowRequest | undefined;
  /** Aborted when the client goes away. Made when first asked for. */
  #abort: AbortController | undefined;
  #warnings: Set<string> | undefined;

  constructor({ request, response, info, user, work }: RequestContextParts) {
    this.request = request;
    this.response = response;
    this.info = info;
    this.user = user;
    this.work = work;
  }

  get query(): URLSearchParams {
    return this.info.query;
  }

  get warnings(): ReadonlySet<string> | undefined {
    return this.#warnings;
  }

  readonly warn = (message: string): void => {
    this.#warnings ??= new Set();
    this.#warnings.add(message);
  };

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      const abort = new AbortController();
      this.#abort = abort;
      this.response.once("close", () => abort.abort());
    }
    return this.#abort.signal;
  }

  /** The form of the answer. Throws StatusError NotAcceptable. */
  output(producible?: Producible): OutputForm {
    return negotiate(this.request.headers.accept, this.query, producible);
  }
}
