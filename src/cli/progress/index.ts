/** Renders a Progress: CloudEvents for programs, a spinner on a terminal, plain lines anywhere else. */
import { type Progress, type StartStep, startSteps } from "../../cluster/progress.ts";
import { cloudEvent } from "../failure.ts";

export interface RenderedProgress extends Progress {
  /** Ends the step that is shown, `failed` or not; call once. */
  end(failed: boolean): Promise<void>;
}

export async function createProgress(json: boolean): Promise<RenderedProgress> {
  if (json) return eventProgress((line) => process.stdout.write(`${line}\n`));
  if (process.stdout.isTTY === true && !process.env["CI"]) {
    const { spinnerProgress } = await import("./spinner.ts");
    return spinnerProgress();
  }
  return plainProgress((line) => process.stdout.write(`${line}\n`));
}

/** One event a line. Steps have distinct, rising numbers; `totalsteps` is the number of the last. */
export function eventProgress(write: (line: string) => void): RenderedProgress {
  const totalsteps = String(startSteps.length - 1);
  return {
    step: (name: StartStep, message) => {
      write(cloudEvent("step", { currentstep: String(startSteps.indexOf(name)), message, name, totalsteps }));
    },
    info: (message) => write(cloudEvent("info", { message })),
    warning: (message) => write(cloudEvent("warning", { message })),
    end: () => Promise.resolve(),
  };
}

export function plainProgress(write: (line: string) => void): RenderedProgress {
  return {
    step: (_name, message) => write(`* ${message}`),
    info: (message) => write(`  - ${message}`),
    warning: (message) => write(`! ${message}`),
    end: () => Promise.resolve(),
  };
}
