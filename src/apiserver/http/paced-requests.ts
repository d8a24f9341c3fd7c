import type { HttpRequest, HttpResponse } from "../types.ts";
import { isGone } from "./respond.ts";

type Serve = (request: HttpRequest, response: HttpResponse) => void;
type Begun = readonly [HttpRequest, HttpResponse];

interface Carrier {
  /** The turn of the event loop in which `begun` counts. */
  turn: number;
  begun: number;
  readonly waiting: Begun[];
}

/** More than a client of ours or client-go sends in one packet, and a few milliseconds of work. */
const requestsPerTurn = 32;

/**
 * Lets one connection begin only so many requests in one turn of the event loop, since one packet can carry a thousand and
 * all of them would be answered before anybody else's. The others wait for their turn; those that are given up meanwhile
 * cost nothing more.
 */
export class PacedRequests {
  readonly #serve: Serve;
  readonly #carriers = new WeakMap<object, Carrier>();
  readonly #backlog = new Set<Carrier>();
  #turn = 0;
  #next: NodeJS.Immediate | undefined;

  constructor(serve: Serve) {
    this.#serve = serve;
  }

  readonly serve: Serve = (request, response) => {
    const carrier = this.#carrierOf(request);
    this.#next ??= setImmediate(this.#nextTurn);
    if (carrier.turn !== this.#turn) {
      carrier.turn = this.#turn;
      carrier.begun = 0;
    }
    if (carrier.waiting.length === 0 && carrier.begun < requestsPerTurn) {
      carrier.begun++;
      this.#serve(request, response);
      return;
    }
    carrier.waiting.push([request, response]);
    this.#backlog.add(carrier);
  };

  #carrierOf(request: HttpRequest): Carrier {
    const key = ("stream" in request ? request.stream.session : request.socket) ?? request;
    let carrier = this.#carriers.get(key);
    if (carrier === undefined) {
      carrier = { turn: -1, begun: 0, waiting: [] };
      this.#carriers.set(key, carrier);
    }
    return carrier;
  }

  readonly #nextTurn = (): void => {
    this.#turn++;
    this.#next = this.#backlog.size === 0 ? undefined : setImmediate(this.#nextTurn);
    for (const carrier of this.#backlog) {
      carrier.turn = this.#turn;
      carrier.begun = 0;
      let taken = 0;
      for (const [request, response] of carrier.waiting) {
        if (carrier.begun === requestsPerTurn) break;
        taken++;
        if (isGone(response)) continue;
        carrier.begun++;
        this.#serve(request, response);
      }
      carrier.waiting.splice(0, taken);
      if (carrier.waiting.length === 0) this.#backlog.delete(carrier);
    }
    if (this.#backlog.size > 0) this.#next ??= setImmediate(this.#nextTurn);
  };
}
