/**
 * What evaluations may cost: cel-go's units at run time, with apiserver's limits. Beside the units, which say little of some
 * functions (the size of a string is one unit, and so is a list that is a copy of two), the work that is really done is
 * counted, so that no expression holds the thread.
 */

import { Work } from "../../lib/regular-expression/index.ts";

/** apiserver's limits: of one evaluation, of all expressions of a policy or object, and of all conditions of one place. */
export const perCallLimit = 1_000_000;
export const totalLimit = 10_000_000;
export const matchConditionsLimit = 2_500_000;

/** In steps of about 10 ns. */
const workLimit = 10_000_000;

/** Ends an evaluation, and is not caught inside of it. */
export abstract class EvaluationCancelled extends Error {}

/** One evaluation cost more than it may. */
export class CostLimitExceeded extends EvaluationCancelled {
  constructor() {
    super("operation cancelled: actual cost limit exceeded");
  }
}

/** Evaluations together cost more than they may. */
export class OutOfBudget extends EvaluationCancelled {
  constructor() {
    super("validation failed due to running out of cost budget, no further validation rules will be run");
  }
}

/** What is left for the evaluations of one purpose. */
export class CostBudget {
  #left: number;
  #work = 0;
  readonly #matching = new Work();

  constructor(limit = totalLimit) {
    this.#left = limit;
  }

  /** Whether nothing at all is left. */
  get isSpent(): boolean {
    return this.#left <= 0;
  }

  /**
   * Runs one evaluation on this account. Throws what it throws; CostLimitExceeded when it costs more than an evaluation may;
   * OutOfBudget, whatever its result, when the account does not reach for it. Evaluations can run inside of others.
   */
  charge<T>(evaluate: () => T): T {
    const outer = { cost, work, limit, matching };
    cost = 0;
    work = this.#work;
    limit = perCallLimit;
    matching = this.#matching;
    try {
      return evaluate();
    } finally {
      const spent = cost;
      this.#work = work;
      ({ cost, limit, matching } = outer);
      // An evaluation inside of another one on the same account goes on from here.
      work = outer.matching === this.#matching ? this.#work : outer.work;
      if (spent > this.#left) this.#refuse();
      this.#left -= spent;
    }
  }

  #refuse(): never {
    this.#left = -1;
    throw new OutOfBudget();
  }
}

let cost = 0;
let limit = Number.POSITIVE_INFINITY;
let work = 0;
let matching = new Work();

/** Charges the evaluation that runs. Throws CostLimitExceeded. */
export function spend(units: number): void {
  cost += units;
  if (cost > limit) throw new CostLimitExceeded();
}

/** Counts work that the units do not show, in steps of about 10 ns, before it is done where it can be. */
export function toil(steps: number): void {
  work += steps;
  if (work > workLimit) throw new CostLimitExceeded();
}

/** The account of the regular expressions of what runs. */
export const matchingWork = (): Work => matching;

/** What the evaluation that runs has cost so far. */
export const spentSoFar = (): number => cost;
