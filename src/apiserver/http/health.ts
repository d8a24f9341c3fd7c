import { requireRead } from "./methods.ts";
import type { RequestContext } from "./request-context.ts";
import { sendText } from "./respond.ts";

export interface HealthCheck {
  readonly name: string;
  /** Throws or rejects where it is not well. */
  check(): Promise<void> | void;
}

interface Outcomes {
  readonly labels: string;
  well: boolean;
  readonly counts: { success: number; error: number };
}

/** The endpoints /healthz, /livez and /readyz: `ok`, or each check's result where one fails or `?verbose` asks. */
export class Health {
  readonly #checks: ReadonlyMap<string, readonly HealthCheck[]>;
  /** By endpoint and check, of those that were asked for. */
  readonly #outcomes = new Map<string, Outcomes>();

  constructor(checks: { readonly live: readonly HealthCheck[]; readonly ready: readonly HealthCheck[] }) {
    this.#checks = new Map([
      ["healthz", checks.live],
      ["livez", checks.live],
      ["readyz", checks.ready],
    ]);
  }

  /** Answers the request; false where its path is not one of a health endpoint or check. */
  handle(context: RequestContext): Promise<true> | false {
    const [endpoint = "", ...rest] = context.info.path.slice(1).split("/");
    const checks = this.#checks.get(endpoint);
    if (checks === undefined) return false;
    requireRead(context.request);
    const name = rest.join("/");
    if (name === "") return this.#report(context, endpoint, checks).then(() => true);
    const one = checks.find((check) => check.name === name);
    return one !== undefined && this.#reportOne(context, endpoint, one).then(() => true);
  }

  async #reportOne(context: RequestContext, endpoint: string, check: HealthCheck): Promise<void> {
    const failure = await this.#run(endpoint, check);
    if (failure === undefined) sendText(context, 200, "ok");
    else sendText(context, 500, `internal server error: ${failure}\n`);
  }

  async #report(context: RequestContext, endpoint: string, checks: readonly HealthCheck[]): Promise<void> {
    const excluded = new Set(context.query.getAll("exclude"));
    const unknown = new Set(excluded);
    const lines = await Promise.all(
      checks.map(async (check) => {
        if (unknown.delete(check.name) || excluded.has(check.name)) return `[+]${check.name} excluded: ok\n`;
        const failure = await this.#run(endpoint, check);
        return failure === undefined ? `[+]${check.name} ok\n` : `[-]${check.name} failed: reason withheld\n`;
      }),
    );
    const failed = lines.some((line) => line.startsWith("[-]"));
    let text = lines.join("");
    if (unknown.size > 0) {
      const names = [...unknown].map((one) => JSON.stringify(one)).join(",");
      text += `warn: some health checks cannot be excluded: no matches for ${names}\n`;
    }
    if (failed) sendText(context, 500, `${text}${endpoint} check failed\n`);
    else sendText(context, 200, context.query.has("verbose") ? `${text}${endpoint} check passed\n` : "ok");
  }

  /** What is wrong; undefined where nothing is. */
  async #run(endpoint: string, check: HealthCheck): Promise<string | undefined> {
    const failure = await failureOf(check);
    const key = `${endpoint}/${check.name}`;
    const outcomes = this.#outcomes.get(key) ?? {
      labels: `name="${check.name}",type="${endpoint}"`,
      well: false,
      counts: { success: 0, error: 0 },
    };
    outcomes.well = failure === undefined;
    outcomes.counts[outcomes.well ? "success" : "error"]++;
    this.#outcomes.set(key, outcomes);
    return failure;
  }

  /** The service level indicators of /metrics/slis, in Prometheus' text form. */
  renderIndicators(): string {
    const outcomes = [...this.#outcomes.values()];
    const total = ({ labels, counts }: Outcomes, status: "success" | "error"): string[] =>
      counts[status] === 0 ? [] : [`kubernetes_healthchecks_total{${labels},status="${status}"} ${counts[status]}`];
    const lines = [
      "# TYPE kubernetes_healthcheck gauge",
      ...outcomes.map(({ labels, well }) => `kubernetes_healthcheck{${labels}} ${well ? 1 : 0}`),
      "# TYPE kubernetes_healthchecks_total counter",
      ...outcomes.flatMap((one) => [...total(one, "success"), ...total(one, "error")]),
    ];
    return `${lines.join("\n")}\n`;
  }
}

async function failureOf({ check }: HealthCheck): Promise<string | undefined> {
  try {
    await check();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
