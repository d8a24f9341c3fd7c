const maximumSeconds = 32;

/**
 * How many seconds rejected clients are asked to wait: doubled while many are rejected, shortened while few are, as
 * upstream's tracker of dropped requests.
 */
export class RetryAfter {
  #seconds = 1;
  #raisedAt = 0;
  #second = 0;
  #rejected = 0;
  readonly #history: { readonly second: number; readonly rejected: number }[] = [];

  get seconds(): number {
    return this.#seconds;
  }

  /** Notes a rejection at a time in milliseconds. */
  note(now: number): void {
    const second = Math.floor(now / 1000);
    if (second === this.#second) {
      this.#rejected++;
      return;
    }
    this.#history.push({ second: this.#second, rejected: this.#rejected });
    while ((this.#history[0]?.second ?? second) < second - maximumSeconds) this.#history.shift();
    this.#second = second;
    this.#rejected = 1;
    this.#adapt(second);
  }

  #adapt(second: number): void {
    let rejected = 0;
    for (const one of this.#history) if (second - one.second <= this.#seconds) rejected += one.rejected;
    if (second - this.#raisedAt >= this.#seconds && rejected >= 3 * this.#seconds) {
      this.#seconds = Math.min(maximumSeconds, this.#seconds * 2);
      this.#raisedAt = second;
    } else if (rejected < this.#seconds && this.#seconds > 1) this.#seconds--;
  }
}
