/** Steps that take back what has been made, run in reverse order; one that fails does not keep the others from running. */
export class UndoList {
  readonly #steps: { what: string; undo: () => Promise<void> }[] = [];

  add(what: string, undo: () => Promise<void>): void {
    this.#steps.push({ what, undo });
  }

  get size(): number {
    return this.#steps.length;
  }

  /** Answers what could not be undone, one sentence each. */
  async run(): Promise<string[]> {
    const failures: string[] = [];
    for (const { what, undo } of this.#steps.reverse()) {
      try {
        await undo();
      } catch (error) {
        failures.push(`${what} could not be undone: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return failures;
  }
}
