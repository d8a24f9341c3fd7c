/**
 * Asks the kubelets of Ready nodes what they use, when somebody wants to know: nobody asks, nothing is done. Who asks
 * every 15 seconds, as autoscalers do, gets figures of those 15 seconds; who asks for the first time waits a second.
 */
import { isNodeReady } from "../../kinds/core/node/node-state.ts";
import type { Node } from "../../kinds/generated/core-v1.ts";
import type { Clock } from "../../lib/clock.ts";
import { errorChain, type Logger } from "../../lib/log.ts";
import type { KubeletConnections } from "../streaming/kubelet-connection.ts";
import { readText } from "../streaming/read-text.ts";
import type { ObjectReader } from "../types.ts";
import { parseResourceMetrics } from "./exposition.ts";
import type { UsageHistory } from "./history.ts";

export interface ScraperParts {
  readonly reader: ObjectReader;
  readonly kubelets: Pick<KubeletConnections, "addressOf" | "get">;
  readonly history: UsageHistory;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Figures younger than this are given again, and a kubelet that failed is left alone for as long. */
const freshMs = 10_000;
/** Points older than this are too old to be the beginning of a window. */
const staleMs = 60_000;
/** Between the two points of a node that was not looked at before. */
const firstWindowMs = 1_000;
const timeoutMs = 5_000;
/** Some five lines for each of a node's containers; a node that sends more is not one to wait for. */
const maximumBytes = 4 * 1024 * 1024;

export class Scraper {
  readonly #parts: ScraperParts;
  readonly #attempts = new Map<string, number>();
  #refreshing: Promise<void> | undefined;

  constructor(parts: ScraperParts) {
    this.#parts = parts;
  }

  /** Resolves when the history is as new as it gets; a kubelet that does not answer is logged and its node forgotten. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refreshAll().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #refreshAll(): Promise<void> {
    const { reader, history } = this.#parts;
    const ready = new Set(
      reader
        .list<Node>("", "nodes")
        .filter(isNodeReady)
        .map(({ metadata }) => metadata?.name ?? ""),
    );
    for (const name of [...history.nodeNames(), ...this.#attempts.keys()]) if (!ready.has(name)) this.#forget(name);
    await Promise.all([...ready].map((name) => this.#refreshNode(name)));
  }

  async #refreshNode(name: string): Promise<void> {
    const { history, clock, log } = this.#parts;
    const now = clock.now();
    if (now - (this.#attempts.get(name) ?? 0) < freshMs) return;
    this.#attempts.set(name, now);
    try {
      if (now - (history.newest(name) ?? 0) > staleMs) {
        history.forget(name);
        await this.#scrape(name);
        await clock.sleep(firstWindowMs);
      }
      await this.#scrape(name);
    } catch (error) {
      history.forget(name);
      log.warn("cannot read the metrics of a node", { node: name, error: errorChain(error) });
    }
  }

  async #scrape(name: string): Promise<void> {
    const { kubelets, reader, history, clock } = this.#parts;
    const address = kubelets.addressOf(reader, name);
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await kubelets.get(address, { method: "GET", path: "/metrics/resource", signal });
    const body = await readText(response, maximumBytes);
    if (response.statusCode !== 200) throw new Error(`bad status from the kubelet: ${response.statusCode}`);
    history.add(name, parseResourceMetrics(body, clock.now()));
  }

  #forget(name: string): void {
    this.#parts.history.forget(name);
    this.#attempts.delete(name);
  }
}
