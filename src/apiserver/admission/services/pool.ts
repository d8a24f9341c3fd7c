import { randomInt } from "node:crypto";
import type { Clock } from "../../../lib/clock.ts";

/** How long a value stays set aside for a write that has not shown up in the cache: the write failed by then. */
const reservationMs = 30_000;

export interface ValueRange {
  /** Inclusive; there are no values where `last` is the lower one. */
  readonly first: number;
  readonly last: number;
  /** How many of the lowest values are given out last, for users who name theirs (KEP-3070). */
  readonly staticBand: number;
}

export interface PoolOptions {
  /** Where values are taken from now, in this order. They may overlap. */
  readonly ranges: () => readonly ValueRange[];
  /** Whether somebody who takes no part in the pool has the value. */
  readonly isHeldElsewhere?: (value: number) => boolean;
  readonly clock: Clock;
}

/**
 * Values given to owners (`NAMESPACE/NAME` of a Service). What the cache shows is owned; what an admitted but not yet
 * stored write took is reserved until the cache shows it or time runs out. The same owner may take its own again.
 */
export class Pool {
  readonly #options: PoolOptions;
  readonly #owners = new Map<number, string>();
  readonly #reservations = new Map<number, { readonly owner: string; readonly expires: number }>();

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  contains(value: number): boolean {
    return this.#options.ranges().some(({ first, last }) => value >= first && value <= last);
  }

  /** False where another owner has the value, or somebody elsewhere. */
  take(value: number, owner: string, dryRun: boolean): boolean {
    const holder = this.#holder(value);
    if (holder === undefined ? this.#isHeldElsewhere(value) : holder !== owner) return false;
    if (!dryRun) {
      this.#reservations.set(value, { owner, expires: this.#options.clock.now() + reservationMs });
    }
    return true;
  }

  /** A free value, at random; undefined where all are taken. */
  takeNext(owner: string, dryRun: boolean): number | undefined {
    for (const { first, last, staticBand } of this.#options.ranges()) {
      const border = Math.min(first + staticBand, last + 1);
      const value = this.#findFree(border, last) ?? this.#findFree(first, border - 1);
      if (value === undefined) continue;
      this.take(value, owner, dryRun);
      return value;
    }
    return undefined;
  }

  /** What the cache shows. */
  own(value: number, owner: string): void {
    this.#owners.set(value, owner);
    this.#reservations.delete(value);
  }

  release(value: number, owner: string): void {
    if (this.#owners.get(value) === owner) this.#owners.delete(value);
    if (this.#reservations.get(value)?.owner === owner) this.#reservations.delete(value);
  }

  #holder(value: number): string | undefined {
    const owner = this.#owners.get(value);
    if (owner !== undefined) return owner;
    const reservation = this.#reservations.get(value);
    if (reservation === undefined) return undefined;
    if (reservation.expires > this.#options.clock.now()) return reservation.owner;
    this.#reservations.delete(value);
    return undefined;
  }

  #findFree(first: number, last: number): number | undefined {
    const count = last - first + 1;
    if (count <= 0) return undefined;
    const start = randomInt(count);
    for (let step = 0; step < count; step++) {
      const value = first + ((start + step) % count);
      if (this.#holder(value) === undefined && !this.#isHeldElsewhere(value)) return value;
    }
    return undefined;
  }

  #isHeldElsewhere(value: number): boolean {
    return this.#options.isHeldElsewhere?.(value) ?? false;
  }
}
