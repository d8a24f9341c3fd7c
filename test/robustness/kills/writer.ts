/**
 * Clients that write without a pause and remember what was acknowledged: each has ConfigMaps of its own, creates one,
 * updates it a few times, and goes on to the next. What was not answered may be there or not.
 */
import { configMaps } from "../../../src/client/resources.ts";
import type { Client } from "../../../src/client/types.ts";
import { StatusError } from "../../../src/machinery/errors/status-error.ts";

const updatesEach = 3;
/** After a connection that broke; the next attempt finds a server or waits again. */
const pauseMs = 50;

export class Writer {
  readonly #client: Client;
  readonly #prefix: string;
  /** Name to the last value that was acknowledged. */
  readonly acknowledged = new Map<string, number>();
  #answers = 0;
  /** Milliseconds without an answer, at most. */
  #longestMs = 0;
  #answeredAt = Date.now();

  constructor(client: Client, prefix: string) {
    this.#client = client;
    this.#prefix = prefix;
  }

  get answers(): number {
    return this.#answers;
  }

  get longestMs(): number {
    return this.#longestMs;
  }

  async run(signal: AbortSignal): Promise<void> {
    for (let number = 0; !signal.aborted; number++) {
      const name = `${this.#prefix}-${number}`;
      for (let value = 0; value <= updatesEach && !signal.aborted; value++) {
        if (await this.#write(name, value)) continue;
        // Not known whether it is there: this one is left as it is, and what was acknowledged of it must be in it.
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
        break;
      }
    }
  }

  async #write(name: string, value: number): Promise<boolean> {
    const client = this.#client.of(configMaps);
    const data = { value: String(value) };
    try {
      if (value === 0) await client.create({ metadata: { name, namespace: "default" }, data });
      else await client.patch(name, { data }, { type: "merge", namespace: "default" });
    } catch (error) {
      if (error instanceof StatusError && error.status.code !== undefined && error.status.code < 500) throw error;
      return false;
    }
    this.acknowledged.set(name, value);
    this.#answers++;
    this.#longestMs = Math.max(this.#longestMs, Date.now() - this.#answeredAt);
    this.#answeredAt = Date.now();
    return true;
  }
}

/** Writes that were acknowledged and are not there: no such object, or an older value. */
export function lostOf(acknowledged: ReadonlyMap<string, number>, found: ReadonlyMap<string, number>): string[] {
  return [...acknowledged].filter(([name, value]) => (found.get(name) ?? -1) < value).map(([name]) => name);
}

/** Name to value of all that the writers' namespace has. */
export async function readValues(client: Client): Promise<Map<string, number>> {
  const { items } = await client.of(configMaps).list({ namespace: "default" });
  return new Map(items.map(({ metadata, data }) => [metadata?.name ?? "", Number(data?.["value"] ?? -1)]));
}
