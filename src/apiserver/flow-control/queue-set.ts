/** What a request costs a queue before it is known how long it takes: upstream's guess of a service time, in milliseconds. */
const expectedServiceMs = 3;

/** A request on its way through a QueueSet. */
export interface QueuedRequest {
  readonly seats: number;
  /** Called when the request may execute that had to wait. */
  dispatched(now: number): void;
}

interface Entry<R extends QueuedRequest> {
  readonly request: R;
  readonly queue: Queue<R> | undefined;
  readonly arrivedAt: number;
  startedAt: number;
}

class Queue<R extends QueuedRequest> {
  readonly waiting: Entry<R>[] = [];
  executing = 0;
  /** In seat-milliseconds of virtual time: where the next request of this queue starts. */
  nextStart = 0;
}

export type Admission<R extends QueuedRequest> =
  | { readonly kind: "executing" | "waiting"; readonly entry: Entry<R> }
  | { readonly kind: "rejected" };

export interface QueueSetLimits {
  /** Seats that requests may have at a time; Infinity for none. */
  readonly seats: number;
  /** Queues, and how many requests may wait in each; undefined: what finds no seat is rejected. */
  readonly queuing: { readonly queues: number; readonly queueLengthLimit: number } | undefined;
}

/** Requests of a queue, in the order in which they came. Times are seat-milliseconds, virtual. */
export interface QueueDump<R> {
  readonly waiting: readonly R[];
  readonly executing: readonly R[];
  readonly nextStart: number;
  /** What those that wait are expected to need. */
  readonly work: number;
}

const rejected = { kind: "rejected" } as const;

/**
 * Fair queuing as in upstream's queueset: a bounded number of seats, and queues that take turns by virtual time, which
 * passes for a queue as its requests use seats. Times are milliseconds. A request that finds a free seat costs no search.
 */
export class QueueSet<R extends QueuedRequest> {
  #limits: QueueSetLimits;
  /** By number in a hand; made when first dealt. Those beyond a lowered number are left to drain. */
  #queues: (Queue<R> | undefined)[] = [];
  /** Queues with waiting requests; the one that was served last comes last. */
  readonly #backlog = new Set<Queue<R>>();
  /** Queues with requests in any state. */
  #activeQueues = 0;
  #enqueued = 0;
  #virtualTime = 0;
  #syncedAt: number;
  readonly #executing = new Set<Entry<R>>();
  #waiting = 0;
  #seatsInUse = 0;
  #seatsWaiting = 0;

  constructor(limits: QueueSetLimits, now: number) {
    this.#limits = limits;
    this.#syncedAt = now;
  }

  get executing(): number {
    return this.#executing.size;
  }

  get waiting(): number {
    return this.#waiting;
  }

  get seatsInUse(): number {
    return this.#seatsInUse;
  }

  /** Seats that requests have or wait for. */
  get demand(): number {
    return this.#seatsInUse + this.#seatsWaiting;
  }

  get idle(): boolean {
    return this.#executing.size === 0 && this.#waiting === 0;
  }

  /** Requests at this moment: of each queue, and those that execute outside them. Queues left to drain are none any more. */
  dump(): { readonly queues: readonly QueueDump<R>[]; readonly queueless: readonly R[] } {
    const executing = Map.groupBy(this.#executing, ({ queue }) => queue);
    const take = (queue: Queue<R> | undefined): R[] => {
      const entries = executing.get(queue) ?? [];
      executing.delete(queue);
      return entries.map(({ request }) => request);
    };
    const queueless = take(undefined);
    const queues = Array.from({ length: this.#limits.queuing?.queues ?? 0 }, (_, index) => {
      const queue = this.#queues[index];
      const waiting = queue?.waiting.map(({ request }) => request) ?? [];
      const work = waiting.reduce((sum, { seats }) => sum + seats * expectedServiceMs, 0);
      return { waiting, executing: queue === undefined ? [] : take(queue), nextStart: queue?.nextStart ?? 0, work };
    });
    return { queues, queueless: [...queueless, ...[...executing.keys()].flatMap(take)] };
  }

  configure(limits: QueueSetLimits, now: number): void {
    this.#sync(now);
    if (limits.queuing?.queues !== this.#limits.queuing?.queues) this.#queues.length = limits.queuing?.queues ?? 0;
    this.#limits = limits;
    this.#dispatchAll(now);
  }

  /** Lets a request execute, or wait in one of the queues of its hand, or rejects it. */
  start(request: R, hand: readonly number[], now: number): Admission<R> {
    const { queuing, seats } = this.#limits;
    if (queuing === undefined) {
      if (!this.#fits(request.seats)) return rejected;
      const entry = { request, queue: undefined, arrivedAt: 0, startedAt: now };
      this.#take(entry);
      return { kind: "executing", entry };
    }
    this.#sync(now);
    const queue = this.#choose(hand);
    if (this.#seatsInUse >= seats && queue.waiting.length >= queuing.queueLengthLimit) return rejected;
    if (queue.executing === 0 && queue.waiting.length === 0) {
      this.#activeQueues++;
      queue.nextStart = this.#virtualTime;
    }
    const entry = { request, queue, arrivedAt: this.#virtualTime, startedAt: now };
    if (this.#waiting === 0 && this.#seatsInUse < seats && this.#fits(request.seats)) {
      queue.nextStart = Math.max(queue.nextStart, entry.arrivedAt);
      this.#take(entry);
      return { kind: "executing", entry };
    }
    queue.waiting.push(entry);
    this.#backlog.add(queue);
    this.#waiting++;
    this.#seatsWaiting += request.seats;
    this.#bound(queue);
    return { kind: "waiting", entry };
  }

  /** Takes a waiting request out; false where it is not waiting any more. */
  abandon(entry: Entry<R>, now: number): boolean {
    const { queue, request } = entry;
    const index = queue?.waiting.indexOf(entry) ?? -1;
    if (queue === undefined || index < 0) return false;
    this.#sync(now);
    queue.waiting.splice(index, 1);
    this.#left(queue, request);
    this.#bound(queue);
    this.#settle(queue);
    return true;
  }

  /** Gives the seats of an executing request back, and lets others have them. */
  finish(entry: Entry<R>, now: number): void {
    const { queue, request, startedAt } = entry;
    this.#sync(now);
    this.#executing.delete(entry);
    this.#seatsInUse -= request.seats;
    if (queue !== undefined) {
      queue.executing--;
      queue.nextStart -= request.seats * (expectedServiceMs - (now - startedAt));
      this.#bound(queue);
      this.#settle(queue);
    }
    this.#dispatchAll(now);
  }

  /** The queue of a hand with the least work waiting; those that have none take turns. */
  #choose(hand: readonly number[]): Queue<R> {
    const offset = this.#enqueued++;
    let best = this.#queueAt(hand[offset % hand.length] ?? 0);
    for (let index = 1; index < hand.length && best.waiting.length > 0; index++) {
      const other = this.#queueAt(hand[(offset + index) % hand.length] ?? 0);
      if (other.waiting.length < best.waiting.length) best = other;
    }
    return best;
  }

  #queueAt(index: number): Queue<R> {
    let queue = this.#queues[index];
    if (queue === undefined) {
      queue = new Queue();
      this.#queues[index] = queue;
    }
    return queue;
  }

  #take(entry: Entry<R>): void {
    const { request, queue } = entry;
    this.#executing.add(entry);
    this.#seatsInUse += request.seats;
    if (queue === undefined) return;
    queue.executing++;
    queue.nextStart += request.seats * expectedServiceMs;
  }

  #dispatchAll(now: number): void {
    while (this.#waiting > 0 && this.#seatsInUse < this.#limits.seats) {
      const queue = this.#nextQueue();
      const entry = queue?.waiting[0];
      if (queue === undefined || entry === undefined || !this.#fits(entry.request.seats)) return;
      queue.waiting.shift();
      this.#backlog.delete(queue);
      if (queue.waiting.length > 0) this.#backlog.add(queue);
      this.#left(queue, entry.request);
      entry.startedAt = now;
      this.#take(entry);
      this.#bound(queue);
      entry.request.dispatched(now);
    }
  }

  /** The queue whose first request would be done first in virtual time. */
  #nextQueue(): Queue<R> | undefined {
    let best: Queue<R> | undefined;
    let earliest = Infinity;
    for (const queue of this.#backlog) {
      const end = queue.nextStart + (queue.waiting[0]?.request.seats ?? 0) * expectedServiceMs;
      if (end >= earliest) continue;
      earliest = end;
      best = queue;
    }
    return best;
  }

  /** What asks for more seats than there are executes alone. */
  #fits(seats: number): boolean {
    if (seats > this.#limits.seats) return this.#executing.size === 0;
    return this.#seatsInUse + seats <= this.#limits.seats;
  }

  #left(queue: Queue<R>, { seats }: R): void {
    this.#waiting--;
    this.#seatsWaiting -= seats;
    if (queue.waiting.length === 0) this.#backlog.delete(queue);
  }

  #settle(queue: Queue<R>): void {
    if (queue.executing === 0 && queue.waiting.length === 0) this.#activeQueues--;
  }

  /** A queue that did not use its turns cannot save them up: no request starts before it came. */
  #bound(queue: Queue<R>): void {
    const first = queue.waiting[0];
    if (first !== undefined && queue.nextStart < first.arrivedAt) queue.nextStart = first.arrivedAt;
  }

  /** Virtual time passes for each active queue at its share of the seats that can be used. */
  #sync(now: number): void {
    const elapsed = now - this.#syncedAt;
    this.#syncedAt = now;
    if (elapsed <= 0 || this.#activeQueues === 0) return;
    this.#virtualTime += (elapsed * Math.min(this.demand, this.#limits.seats)) / this.#activeQueues;
  }
}
