import type { RequestContext } from "./request-context.ts";
import { sendText } from "./respond.ts";

export interface HealthCheck {
  readonly name: string;
  /** Throws where it is not well. */
  check(): void;
}

/** The endpoints /healthz, /livez and /readyz: `ok`, or each check's result where one fails or `?verbose` asks. */
export class Health {
  readonly #checks: ReadonlyMap<string, readonly HealthCheck[]>;

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
    const failure = failureOf(one);
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
      else if (failureOf(check) === undefined) text += `[+]${check.name} ok\n`;
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
}

function failureOf({ check }: HealthCheck): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
