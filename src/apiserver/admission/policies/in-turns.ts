import { setImmediate } from "node:timers/promises";

/** After so much of it, everybody else gets the thread. */
const longMs = 12;

/**
 * Does work that yields where it may be interrupted: at once where it is short, else with a turn of the event loop between
 * its pieces. Throws or rejects as the work throws.
 */
export function inTurns<T>(work: Generator<void, T>): T | Promise<T> {
  const piece = nextPiece(work);
  return piece.done === true ? piece.value : goOn(work);
}

async function goOn<T>(work: Generator<void, T>): Promise<T> {
  for (;;) {
    await setImmediate();
    const piece = nextPiece(work);
    if (piece.done === true) return piece.value;
  }
}

function nextPiece<T>(work: Generator<void, T>): IteratorResult<void, T> {
  const startedAt = performance.now();
  for (;;) {
    const step = work.next();
    if (step.done === true || performance.now() - startedAt > longMs) return step;
  }
}
