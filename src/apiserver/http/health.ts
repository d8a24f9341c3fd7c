import type { RequestContext } from "./request-context.ts";
import { sendText } from "./respond.ts";

export interface HealthCheck {
  readonly name: string;
  /** Throws where it is not well. */
  check(): void;
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

  /** Answers the request if its path is one of a health endpoint or check; says whether it was. */
  handle(context: RequestContext): boolean {
    const [endpoint = "", name, ...rest] = context.info.path.slice(1).split("/");
    const checks = this.#checks.get(endpoint);
    if (checks === undefined || rest.length > 0) return false;
    if (name === undefined || name === "") {
      this.#report(context, endpoint, checks);
      return true;
    }
    const one =
      checks.find((check) => check.name === name) ?? checks.find((check) => check.name === `poststarthook/${name}`);
    if (one === undefined) return false;
    const failure = this.#run(endpoint, one);
    sendText(
      context,
      failure === undefined ? 200 : 500,
      failure === undefined ? "ok" : `internal server error: ${failure}`,
    );
    return true;
  }

  #report(context: RequestContext, endpoint: string, checks: readonly HealthCheck[]): void {
    const excluded = new Set(context.query.getAll("exclude"));
    let failed = false;
    let text = "";
    for (const check of checks) {
      if (excluded.delete(check.name)) text += `[+]${check.name} excluded: ok\n`;
      else if (this.#run(endpoint, check) === undefined) text += `[+]${check.name} ok\n`;
      else {
        failed = true;
        text += `[-]${check.name} failed: reason withheld\n`;
      }
    }
    if (excluded.size > 0) {
      const names = [...excluded].map((one) => JSON.stringify(one)).join(",");
      text += `warn: some health checks cannot be excluded: no matches for ${names}\n`;
    }
    if (failed) sendText(context, 500, `${text}${endpoint} check failed\n`);
    else sendText(context, 200, context.query.has("verbose") ? `${text}${endpoint} check passed\n` : "ok");
  }

  /** What is wrong; undefined where nothing is. */
  #run(endpoint: string, check: HealthCheck): string | undefined {
    const failure = failureOf(check);
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

function failureOf({ check }: HealthCheck): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
