/** A cluster in use for an hour: memory and descriptors of mini's processes may not grow once they are warm. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startScenarioCluster } from "../cluster.ts";
import type { Row, Scenario, ScenarioContext } from "../scenario.ts";
import { type LoadCounts, runRound, watchAll } from "../soak/load.ts";
import { type Growth, growthOf, percent, type Sample, takeSamples, toCsv } from "../soak/samples.ts";

const sampleMs = 30_000;
const maximumPercent = 5;
/** A process with few descriptors may have one or two more at any moment. */
const descriptorSlack = 3;

export const scenario: Scenario = {
  summary: "a runc cluster under a rolling mix of work: memory and descriptors from minute 20 to 60",
  options: {
    minutes: { unless: 60, summary: "how long" },
    pause: { unless: 10, summary: "seconds between two rounds of work" },
  },
  async run(context) {
    const minutes = context.option("minutes");
    await using cluster = await startScenarioCluster("soak");
    const client = await cluster.connect();
    const done = new AbortController();
    const signal = AbortSignal.any([context.signal, done.signal]);
    const counts: LoadCounts = { rounds: 0, events: 0, failures: 0 };
    const watches = ["/api/v1/pods", "/apis/apps/v1/deployments"].map((path) => watchAll(client, path, counts, signal));
    const startedAt = Date.now();
    const samples: Sample[] = [];
    const sampling = sample(context, { machine: cluster.cli.profile, startedAt, samples, counts, signal });
    const endsAt = startedAt + minutes * 60_000;
    for (let number = 1; Date.now() < endsAt && !context.signal.aborted; number++) {
      try {
        await runRound({ cluster, client, number, signal: context.signal });
        counts.rounds++;
      } catch (error) {
        counts.failures++;
        context.report(`round ${number} failed: ${error instanceof Error ? error.message : String(error)}`);
      }
      await sleep(context.option("pause") * 1000, signal);
    }
    done.abort();
    await Promise.all([...watches, sampling]);
    client.close();
    context.signal.throwIfAborted();
    return [loadRow(counts, minutes), ...growthOf(samples, minutes * 60).flatMap((each) => growthRows(each, minutes))];
  },
};

interface Sampling {
  readonly machine: string;
  readonly startedAt: number;
  readonly samples: Sample[];
  readonly counts: LoadCounts;
  readonly signal: AbortSignal;
}

/** The curve is on disk after each sample, so that a run that is cut short leaves it. */
async function sample(
  context: ScenarioContext,
  { machine, startedAt, samples, counts, signal }: Sampling,
): Promise<void> {
  while (!signal.aborted) {
    const taken = takeSamples(machine, (Date.now() - startedAt) / 1000);
    samples.push(...taken);
    writeFileSync(join(context.folder, "samples.csv"), toCsv(samples));
    const figures = taken.map((one) => `${one.process} ${(one.rssKib / 1024).toFixed(0)} MiB ${one.descriptors} fds`);
    context.report(
      `${figures.join(", ")}; ${counts.rounds} rounds, ${counts.events} events, ${counts.failures} failures`,
    );
    await sleep(sampleMs, signal);
  }
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(end, ms);
    function end(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    }
    signal.addEventListener("abort", end, { once: true });
  });
}

function loadRow({ rounds, events, failures }: LoadCounts, minutes: number): Row {
  return {
    what: `${rounds} rounds of work in ${minutes} min, ${events} events watched`,
    figure: `${failures} failures`,
    target: "0",
    met: failures === 0 && rounds > 0,
  };
}

/** Of containerd, which is not ours, for comparison only. */
function growthRows({ process, rssKib, descriptors, restarts, peakKib }: Growth, minutes: number): Row[] {
  const isOurs = process !== "containerd";
  const span = `from minute ${Math.round(minutes / 3)} to ${minutes}`;
  const mebibytes = rssKib.map((each) => (each / 1024).toFixed(0)).join(" → ");
  const fds = descriptors.map((each) => each.toFixed(0)).join(" → ");
  const grown = percent(rssKib);
  return [
    {
      what: `memory of ${process} ${span}`,
      figure: `${mebibytes} MiB, ${grown.toFixed(1)} %, at most ${(peakKib / 1024).toFixed(0)} MiB`,
      target: isOurs ? `≤ ${maximumPercent} %` : "for comparison",
      met: !isOurs || grown <= maximumPercent,
    },
    {
      what: `descriptors of ${process} ${span}`,
      figure: fds,
      target: isOurs ? `≤ ${maximumPercent} %` : "for comparison",
      met: !isOurs || percent(descriptors) <= maximumPercent || descriptors[1] - descriptors[0] <= descriptorSlack,
    },
    ...(isOurs ? [{ what: `restarts of ${process}`, figure: String(restarts), target: "0", met: restarts === 0 }] : []),
  ];
}
