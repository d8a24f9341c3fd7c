/** How the kubelet guards what pods share on the node, from its flags (`--extra-config=kubelet.eviction-hard=…`). */
import { defaultThresholds, parseThresholds, type Threshold } from "./thresholds.ts";

export interface EvictionSettings {
  readonly thresholds: readonly Threshold[];
  /** Milliseconds for which a node's condition lasts after what caused it. */
  readonly transitionMs: number;
}

const transitionMs = 300_000;

/** `diskIsShared`: see defaultThresholds. Throws an Error that names the flag. */
export function evictionSettings(flags: Readonly<Record<string, string>>, diskIsShared: boolean): EvictionSettings {
  const { "eviction-hard": hard, "eviction-pressure-transition-period": period } = flags;
  return {
    thresholds: hard === undefined ? defaultThresholds(diskIsShared) : parseThresholds(hard),
    transitionMs: period === undefined ? transitionMs : parseDuration(period),
  };
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `1m30s` in milliseconds. */
function parseDuration(text: string): number {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) {
    throw new Error(`eviction-pressure-transition-period: "${text}" is no duration such as 5m or 1m30s`);
  }
  let total = 0;
  for (const [, amount, unit = ""] of text.matchAll(/([\d.]+)(ms|s|m|h)/g))
    total += Number(amount) * (unitMs[unit] ?? 0);
  return total;
}
