import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** So many bytes have to have come and gone before it is worth a collection. */
const worthBytes = 32 * 1024 * 1024;
/** How long nothing large must have happened, in milliseconds. */
const quietMs = 3_000;

/**
 * Gives memory back after a burst: V8 collects as it allocates, so that what a burst left behind stays until the next one
 * comes. When much has come and gone, and then nothing for a while, one whole collection is asked for.
 */
export class MemoryReturn {
  #passed = 0;
  #timer: NodeJS.Timeout | undefined;
  #collect: (() => void) | undefined;

  /** `collect` is by default V8's own collection, which takes some tens of milliseconds. */
  constructor(collect?: () => void) {
    this.#collect = collect;
  }

  /** Tells of so many bytes that were used and are not any more. */
  passed(bytes: number): void {
    this.#passed += bytes;
    if (this.#passed < worthBytes) return;
    if (this.#timer === undefined) this.#timer = setTimeout(this.#settle, quietMs).unref();
    else this.#timer.refresh();
  }

  readonly #settle = (): void => {
    this.#timer = undefined;
    this.#passed = 0;
    this.#collect ??= exposedCollector();
    this.#collect();
  };
}

function exposedCollector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}
