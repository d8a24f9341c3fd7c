/** Memory and open descriptors of the node's processes over time, and how much of that is growth. */
import { readdirSync, readFileSync } from "node:fs";
import { processesOf } from "../cluster.ts";

export interface Sample {
  readonly seconds: number;
  readonly process: string;
  readonly pid: number;
  readonly rssKib: number;
  readonly descriptors: number;
}

/** Of mini's own processes, and of containerd for comparison. */
export function takeSamples(machine: string, seconds: number): Sample[] {
  return processesOf(machine)
    .filter(({ name, isMini }) => isMini || name === "containerd")
    .flatMap(({ pid, name }): Sample[] => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, "utf8");
        const rssKib = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? Number.NaN);
        return [{ seconds, process: name, pid, rssKib, descriptors: readdirSync(`/proc/${pid}/fd`).length }];
      } catch {
        // It ended while it was looked at.
        return [];
      }
    });
}

export function toCsv(samples: readonly Sample[]): string {
  const lines = samples.map((each) =>
    [each.seconds.toFixed(0), each.process, each.pid, each.rssKib, each.descriptors].join(","),
  );
  return `${["seconds,process,pid,rss_kib,descriptors", ...lines].join("\n")}\n`;
}

export interface Growth {
  readonly process: string;
  /** Means of the two windows. */
  readonly rssKib: readonly [from: number, to: number];
  readonly descriptors: readonly [from: number, to: number];
  /** How often the process was not the one before. */
  readonly restarts: number;
  /** The largest of all samples. */
  readonly peakKib: number;
}

/**
 * From the first third of the time (minute 20 of 60), when caches are warm, to its end: means over a twelfth of the time,
 * since a collector's heap goes up and down.
 */
export function growthOf(samples: readonly Sample[], totalSeconds: number): Growth[] {
  const width = totalSeconds / 12;
  const windows = [
    [totalSeconds / 3, totalSeconds / 3 + width],
    [totalSeconds - width, Number.POSITIVE_INFINITY],
  ] as const;
  return [...Map.groupBy(samples, (sample) => sample.process)].map(([process, own]) => {
    const means = (value: (sample: Sample) => number): readonly [number, number] => {
      const [from, to] = windows.map(([first, last]) =>
        mean(own.filter(({ seconds }) => seconds >= first && seconds <= last).map(value)),
      );
      return [from ?? Number.NaN, to ?? Number.NaN];
    };
    return {
      process,
      rssKib: means(({ rssKib }) => rssKib),
      descriptors: means(({ descriptors }) => descriptors),
      restarts: new Set(own.map(({ pid }) => pid)).size - 1,
      peakKib: Math.max(...own.map(({ rssKib }) => rssKib)),
    };
  });
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
}

export function percent([from, to]: readonly [number, number]): number {
  return (to / from - 1) * 100;
}
