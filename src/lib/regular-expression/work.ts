/** The work that matching may take. */

/** Of about 5 ns: together some 80 ms, whatever they are spent on. */
const maximumSteps = 16_000_000;

/** A match, or matches for one purpose, took too much work. */
export class WorkExceeded extends Error {
  constructor() {
    super("matching the regular expression takes too long");
  }
}

/** What is left of the work that matches may take together. */
export class Work {
  #left: number;

  constructor(steps = maximumSteps) {
    this.#left = steps;
  }

  /** Throws WorkExceeded. */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw new WorkExceeded();
  }
}
