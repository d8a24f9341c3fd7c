import type { PriorityLevelConfiguration } from "../../kinds/generated/flowcontrol-v1.ts";
import { FlowCounts } from "./flow-counts.ts";
import type { FlowRequest } from "./flow-request.ts";
import { QueueSet, type QueueSetLimits } from "./queue-set.ts";
import { RetryAfter } from "./retry-after.ts";
import { SeatDemand } from "./seat-demand.ts";
import { canDeal } from "./shuffle-sharding.ts";

export interface Queuing {
  readonly queues: number;
  readonly handSize: number;
  readonly queueLengthLimit: number;
}

/** Seats of a level: what its shares give, and what is left or added by lending and borrowing at the most. */
export interface SeatLimits {
  readonly nominal: number;
  readonly lower: number;
  readonly upper: number;
}

/** A PriorityLevelConfiguration at work: its queues, its seats, and what becomes of the requests that it gets. */
export class PriorityLevel {
  readonly name: string;
  readonly exempt: boolean;
  readonly queues: QueueSet<FlowRequest>;
  readonly demand: SeatDemand;
  readonly retryAfter = new RetryAfter();
  /** By flow schema. */
  readonly counts = new Map<string, FlowCounts>();
  /** Its object is gone; it ends when its last request is done. */
  leaving = false;
  #configuration: PriorityLevelConfiguration;
  #limits: SeatLimits = { nominal: 0, lower: 0, upper: 0 };
  #current = 0;

  constructor(configuration: PriorityLevelConfiguration, now: number) {
    this.#configuration = configuration;
    this.name = configuration.metadata?.name ?? "";
    this.exempt = configuration.spec?.type === "Exempt";
    this.queues = new QueueSet(this.#queueLimits(), now);
    this.demand = new SeatDemand(now);
  }

  /** Empty for a mandatory one that is not stored yet. */
  get uid(): string {
    return this.#configuration.metadata?.uid ?? "";
  }

  get queuing(): Queuing | undefined {
    return queuingOf(this.#configuration);
  }

  get shares(): number {
    const { exempt, limited } = this.#configuration.spec ?? {};
    return (this.exempt ? exempt : limited)?.nominalConcurrencyShares ?? 0;
  }

  get limits(): SeatLimits {
    return this.#limits;
  }

  /** The seats that it may use now. */
  get current(): number {
    return this.#current;
  }

  /** Takes a changed object; `share` and `allow` must follow. */
  configure(configuration: PriorityLevelConfiguration): void {
    this.#configuration = configuration;
    this.leaving = false;
  }

  /** Divides the server's seats: the sum over all levels may exceed them a little, since each share is rounded up. */
  share(serverSeats: number, shares: number): void {
    const { exempt, limited } = this.#configuration.spec ?? {};
    const nominal = shares === 0 ? 0 : Math.ceil((serverSeats * this.shares) / shares);
    const lendable = Math.round((nominal * ((this.exempt ? exempt : limited)?.lendablePercent ?? 0)) / 100);
    const percent = limited?.borrowingLimitPercent;
    const borrowing = percent === undefined ? serverSeats : Math.round((nominal * percent) / 100);
    this.#limits = { nominal, lower: nominal - lendable, upper: nominal + borrowing };
  }

  allow(seats: number, now: number): void {
    this.#current = seats;
    this.queues.configure(this.#queueLimits(), now);
  }

  countsOf(schema: string): FlowCounts {
    let counts = this.counts.get(schema);
    if (counts === undefined) {
      counts = new FlowCounts();
      this.counts.set(schema, counts);
    }
    return counts;
  }

  #queueLimits(): QueueSetLimits {
    return this.exempt
      ? { seats: Infinity, queuing: undefined }
      : { seats: this.#current, queuing: queuingOf(this.#configuration) };
  }
}

/** Whether the parts of a configuration fit together; what does not is treated as if it were not there. */
export function isUsable({ metadata, spec }: PriorityLevelConfiguration): boolean {
  const exempt = spec?.type === "Exempt";
  if (exempt !== (metadata?.name === "exempt") || (spec?.limited === undefined) !== exempt) return false;
  if (exempt) return true;
  const { type, queuing } = spec?.limited?.limitResponse ?? {};
  if ((type === "Reject") !== (queuing === undefined)) return false;
  return queuing === undefined || canDeal(queuing.queues ?? 0, queuing.handSize ?? 0);
}

function queuingOf({ spec }: PriorityLevelConfiguration): Queuing | undefined {
  const { queues = 0, handSize = 0, queueLengthLimit = 0 } = spec?.limited?.limitResponse?.queuing ?? {};
  return queues > 0 ? { queues, handSize, queueLengthLimit } : undefined;
}
