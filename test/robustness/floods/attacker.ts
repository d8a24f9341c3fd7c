/** Child of measure.ts: one attack, until it is told to stop. Its argument is the name; the target comes as a message. */
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
  attack?.run(message, stop.signal).catch((error: unknown) => {
    if (!stop.signal.aborted) console.error(attack.name, error);
  });
});
