import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type QueuedRequest, QueueSet, type QueueSetLimits } from "./queue-set.ts";
import { canDeal, dealHand } from "./shuffle-sharding.ts";

const serviceMs = 10;

/** Offers requests of flows, each to a queue of its own, and serves them one after the other as seats allow. */
class Bench {
  now = 1_000;
  readonly served: string[] = [];
  highest = 0;
  readonly #set: QueueSet<QueuedRequest>;
  readonly #ends: { readonly at: number; end(): void }[] = [];

  constructor(limits: QueueSetLimits) {
    this.#set = new QueueSet(limits, this.now);
  }

  offer(flow: string, queue: number, seats = 1): string {
    let execute = (): void => undefined;
    const admission = this.#set.start({ seats, dispatched: () => execute() }, [queue], this.now);
    if (admission.kind === "rejected") return "rejected";
    execute = () => {
      this.served.push(flow);
      this.highest = Math.max(this.highest, this.#set.seatsInUse);
      this.#ends.push({ at: this.now + serviceMs, end: () => this.#set.finish(admission.entry, this.now) });
    };
    if (admission.kind === "executing") execute();
    return admission.kind;
  }

  run(): void {
    for (let next = this.#ends.shift(); next !== undefined; next = this.#ends.shift()) {
      this.now = Math.max(this.now, next.at);
      next.end();
    }
    expect(this.#set.idle).toBe(true);
    expect(this.#set.demand).toBe(0);
  }
}

const queuing = { queues: 8, queueLengthLimit: 50 };

describe("a queue set", () => {
  it("serves a modest flow in its turn, however much another has waiting", () => {
    const bench = new Bench({ seats: 1, queuing });
    for (let index = 0; index < 40; index++) bench.offer("greedy", 0);
    for (let index = 0; index < 3; index++) bench.offer("modest", 1);
    bench.run();
    expect(bench.served).toHaveLength(43);
    expect(bench.served.lastIndexOf("modest")).toBeLessThan(10);
  });

  it("rejects what finds its queue full, and without queues what finds no seat", () => {
    const queued = new Bench({ seats: 1, queuing: { queues: 1, queueLengthLimit: 2 } });
    expect(["a", "b", "c", "d"].map((flow) => queued.offer(flow, 0))).toEqual([
      "executing",
      "waiting",
      "waiting",
      "rejected",
    ]);
    queued.run();
    expect(queued.offer("e", 0)).toBe("executing");
    const strict = new Bench({ seats: 2, queuing: undefined });
    expect(["a", "b", "c"].map((flow) => strict.offer(flow, 0))).toEqual(["executing", "executing", "rejected"]);
  });

  it("lets wide requests wait for as many seats as they need, or execute alone", () => {
    const bench = new Bench({ seats: 3, queuing });
    expect(bench.offer("narrow", 0)).toBe("executing");
    expect(bench.offer("wide", 1, 5)).toBe("waiting");
    expect(bench.offer("later", 0)).toBe("waiting");
    bench.run();
    expect(bench.served.toSorted()).toEqual(["later", "narrow", "wide"]);
    expect(bench.highest).toBe(5);
  });

  it("drains what waits when queues are taken away, and forgets what is abandoned", () => {
    const served: string[] = [];
    const set = new QueueSet<QueuedRequest>({ seats: 1, queuing }, 0);
    const start = (name: string) => set.start({ seats: 1, dispatched: () => served.push(name) }, [3], 0);
    const first = start("first");
    const second = start("second");
    const third = start("third");
    if (first.kind === "rejected" || second.kind === "rejected" || third.kind === "rejected")
      throw new Error("rejected");
    expect(set.abandon(second.entry, 1)).toBe(true);
    expect(set.abandon(second.entry, 1)).toBe(false);
    set.configure({ seats: 1, queuing: undefined }, 2);
    set.finish(first.entry, 3);
    expect(served).toEqual(["third"]);
    set.finish(third.entry, 4);
    expect(set.idle).toBe(true);
  });

  it("never gives out more seats than there are, and serves all that it took", () => {
    const request = fc.record({ flow: fc.nat({ max: 7 }), seats: fc.integer({ min: 1, max: 3 }) });
    fc.assert(
      fc.property(fc.array(request, { maxLength: 60 }), fc.integer({ min: 3, max: 6 }), (requests, seats) => {
        const bench = new Bench({ seats, queuing });
        const taken = requests.filter((one) => bench.offer(String(one.flow), one.flow, one.seats) !== "rejected");
        bench.run();
        expect(bench.served).toHaveLength(taken.length);
        expect(bench.highest).toBeLessThanOrEqual(seats);
      }),
    );
  });
});

describe("hands", () => {
  it("are different queues, the same for the same flow", () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.integer({ min: 6, max: 512 }), (hash, queues) => {
        const hand = dealHand(hash, queues, 6);
        expect(new Set(hand).size).toBe(6);
        expect(hand.every((queue) => queue >= 0 && queue < queues)).toBe(true);
        expect(dealHand(hash, queues, 6)).toEqual(hand);
      }),
    );
  });

  it("are dealt by the digits of the hash", () => {
    expect(dealHand(0n, 128, 4)).toEqual([0, 1, 2, 3]);
    expect(dealHand(127n + 128n * 126n, 128, 3)).toEqual([127, 126, 0]);
  });

  it.each([
    [64, 8, true],
    [128, 9, false],
    [8, 9, false],
    [0, 0, false],
  ])("of %d queues and %d cards: %s", (queues, handSize, possible) => {
    expect(canDeal(queues, handSize)).toBe(possible);
  });
});
