/** Child of measure.ts: one attack, until it is told to stop. Its argument is the name; the target comes as a message, and `begun` goes back. */
import { attacks, type Target } from "./attacks.ts";

const attack = attacks.find(({ name }) => name === process.argv[2]);
const stop = new AbortController();
process.on("disconnect", () => process.exit(0));
process.on("message", (message: Target | "stop") => {
  if (message === "stop") {
    stop.abort();
    setTimeout(() => process.exit(0), 500);
    return;
  }
  const run = async (): Promise<void> => {
    await attack?.prepare?.(message);
    process.send?.("begun");
    await attack?.run(message, stop.signal);
  };
  run().catch((error: unknown) => {
    if (!stop.signal.aborted) console.error(attack?.name, error);
  });
});
