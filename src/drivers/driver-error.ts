/** A failure that a driver can name: `id` is one of the launcher's register in src/cluster/errors.ts. */
export class DriverError extends Error {
  readonly id: string;
  /** The command or flag that mends it, where the driver knows better than the register. */
  readonly advice: string | undefined;

  constructor(id: string, message: string, { cause, advice }: { cause?: unknown; advice?: string } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "DriverError";
    this.id = id;
    this.advice = advice;
  }
}
