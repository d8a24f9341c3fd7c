import { randomUUID } from "node:crypto";
import type { AuditEvent } from "../audit/audit-event.ts";
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

const maximumWarningCharacters = 4096;
const maximumCutWarning = 256;
/** More are not even looked at: as many empty ones would fill a client's buffer of headers. */
const maximumWarnings = 200;

/** One request on its way through the server: what it asks, who asks, and what is gathered for its answer. */
export class RequestContext {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
  readonly info: RequestInfo;
  readonly work: SharedWork;
  user: UserInfo;
  /** How priority and fairness classified the request; undefined where it is not subject to it, or not yet known. */
  flow: FlowRequest | undefined;
  /** What the audit log is to say of it; undefined: nothing. */
  audit: AuditEvent | undefined;
  #auditId: string | undefined;
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

  /** As the answer's headers carry them: 4096 characters together, or else 256 each as long as there is room. */
  get warnings(): readonly string[] | undefined {
    if (this.#warnings === undefined) return undefined;
    const all = [...this.#warnings];
    if (all.reduce((sum, { length }) => sum + length, 0) <= maximumWarningCharacters) return all;
    let left = maximumWarningCharacters;
    return all
      .map((one) => one.slice(0, maximumCutWarning))
      .filter(({ length }) => {
        const fits = left > 0;
        left -= length;
        return fits;
      });
  }

  /** Once a message; what all of them together have beyond upstream's limits is cut off. */
  /** The client's own, where it sends a short one, so that it finds its request again. */
  get auditId(): string {
    this.#auditId ??= givenAuditId(this.request) ?? randomUUID();
    return this.#auditId;
  }

  readonly warn = (message: string): void => {
    this.#warnings ??= new Set();
    if (this.#warnings.size < maximumWarnings) this.#warnings.add(message);
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

function givenAuditId({ headers }: HttpRequest): string | undefined {
  const given = headers["audit-id"];
  return typeof given === "string" && /^[!-~]{1,128}$/.test(given) ? given : undefined;
}
