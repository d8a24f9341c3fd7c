/** Progress on a terminal: each step is a listr2 task that lasts until the next begins. */
import { Listr } from "listr2";
import type { RenderedProgress } from "./index.ts";

interface Running {
  readonly finish: (error?: Error) => void;
}

export function spinnerProgress(): RenderedProgress {
  let running: Running | undefined;
  let queue: Promise<unknown> = Promise.resolve();
  const finish = (error?: Error): void => {
    running?.finish(error);
    running = undefined;
  };
  const show = (title: string): void => {
    finish();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // A task that fails is shown as such; the failure itself is told elsewhere.
    promise.catch(() => undefined);
    const shown = queue.then(() =>
      new Listr([{ title, task: () => promise }], { registerSignalListeners: false }).run(),
    );
    queue = shown.catch(() => undefined);
    running = { finish: (error) => (error === undefined ? resolve() : reject(error)) };
  };
  const line = (text: string): void => {
    finish();
    queue = queue.then(() => process.stdout.write(`${text}\n`));
  };
  return {
    step: (_name, message) => show(message),
    info: (message) => line(`  - ${message}`),
    warning: (message) => line(`! ${message}`),
    async end(failed) {
      finish(failed ? new Error("failed") : undefined);
      await queue;
    },
  };
}
