/** Half of what was demanded five minutes ago still counts, at one reading every ten seconds. */
const smoothing = 0.977;

/** How many seats the requests of a priority level wanted over time, executing or waiting. */
export class SeatDemand {
  /** The highest demand in the last period. */
  highWatermark = 0;
  /** Falls slowly and rises at once, so that a level that lent its seats gets them back for what it did lately. */
  smoothed = 0;
  #seats = 0;
  #maximum = 0;
  #since: number;
  #changedAt: number;
  /** Seats and their squares, times milliseconds. */
  #sum = 0;
  #squares = 0;

  constructor(now: number) {
    this.#since = now;
    this.#changedAt = now;
  }

  set(seats: number, now: number): void {
    this.#advance(now);
    this.#seats = seats;
    if (seats > this.#maximum) this.#maximum = seats;
  }

  /** Ends a period and takes what it shows into account. */
  endPeriod(now: number): void {
    this.#advance(now);
    this.highWatermark = this.#maximum;
    const duration = now - this.#since;
    if (duration > 0) {
      const average = this.#sum / duration;
      const deviation = Math.sqrt(Math.max(0, this.#squares / duration - average * average));
      const envelope = average + deviation;
      this.smoothed = Math.max(envelope, smoothing * this.smoothed + (1 - smoothing) * envelope);
    }
    this.#since = now;
    this.#sum = 0;
    this.#squares = 0;
    this.#maximum = this.#seats;
  }

  #advance(now: number): void {
    const elapsed = now - this.#changedAt;
    this.#changedAt = now;
    if (elapsed <= 0) return;
    this.#sum += this.#seats * elapsed;
    this.#squares += this.#seats * this.#seats * elapsed;
  }
}
