/** Ctrl-C and termination as an AbortSignal. */
import { MiniError } from "../cluster/errors.ts";

let controller: AbortController | undefined;

/** One signal for the process. The first SIGINT or SIGTERM aborts it; later ones only say that undoing takes a moment. */
export function interruption(): AbortSignal {
  if (controller === undefined) {
    const created = new AbortController();
    controller = created;
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(name, () => {
        if (created.signal.aborted) process.stderr.write("* Still undoing what had been begun ...\n");
        else created.abort(new MiniError("MK_INTERRUPTED", `interrupted by ${name}`));
      });
    }
  }
  return controller.signal;
}
