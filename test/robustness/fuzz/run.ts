/**
 * Sends cases to an API server in this process and keeps what should not be: answers of 5xx, errors that are no Status,
 * stacks, connections that break, and answers that take long.
 */
import { Agent, request } from "node:https";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { startForTest, type TestServer } from "../../../src/apiserver/start-for-test.ts";
import type { Logger } from "../../../src/lib/log.ts";
import { parseOwnJson } from "../../../src/machinery/codec/json.ts";
import { Random } from "./random.ts";
import { type FuzzRequest, makeRequest, seedObject } from "./requests.ts";
import { namespace, targets } from "./targets.ts";
import { wireText } from "./values.ts";

export interface Finding {
  readonly case: number;
  readonly problem: string;
  readonly request: FuzzRequest;
  readonly answer: string;
  /** Where the server failed, as it logged it. */
  readonly stack: string;
}

export interface FuzzResult {
  readonly cases: number;
  readonly findings: readonly Finding[];
  /** Answers by status code. */
  readonly codes: Readonly<Record<string, number>>;
  readonly slowestMs: number;
  readonly slowest: FuzzRequest | undefined;
  /** Of the process, after a collection. */
  readonly heapBytes: { readonly before: number; readonly after: number };
}

export interface FuzzOptions {
  readonly cases: number;
  readonly seed: number;
  /** Answers above it are findings; undefined: however long they take. */
  readonly limitMs?: number;
  readonly atOnce?: number;
  /** More findings than this end the run. */
  readonly maximumFindings?: number;
  /** Ends the run early when it aborts. */
  readonly signal?: AbortSignal;
  progress?(result: FuzzResult): void;
}

interface Answer {
  readonly code: number;
  readonly type: string;
  readonly text: string;
}

/** The same seed gives the same cases. Rejects where the server cannot be set up. */
export async function runFuzz(options: FuzzOptions): Promise<FuzzResult> {
  const failures = new Map<string, string>();
  const server = await startForTest({ log: logInto(failures) });
  const { ca, admin } = server.pki;
  const agent = new Agent({ keepAlive: true, maxSockets: 64, ca, cert: admin.certificate, key: admin.privateKey });
  try {
    const run = new Run(server, agent, { ...options, failures });
    await run.prepare();
    return await run.all();
  } finally {
    agent.destroy();
    await server.stop();
  }
}

/** What the server says of requests that failed in it, by method and URL. */
function logInto(failures: Map<string, string>): Logger {
  const ignore = (): void => undefined;
  const error: Logger["error"] = (_message, { method, url, stack } = {}) => {
    failures.set(`${String(method)} ${String(url)}`, String(stack ?? ""));
  };
  return { debug: ignore, info: ignore, warn: ignore, error };
}

class Run {
  readonly #server: TestServer;
  readonly #agent: Agent;
  readonly #options: FuzzOptions & { readonly failures: Map<string, string> };
  readonly #findings: Finding[] = [];
  readonly #codes: Record<string, number> = {};
  #slowestMs = 0;
  #slowest: FuzzRequest | undefined;
  #heapBefore = 0;

  constructor(server: TestServer, agent: Agent, options: FuzzOptions & { readonly failures: Map<string, string> }) {
    this.#server = server;
    this.#agent = agent;
    this.#options = options;
  }

  async prepare(): Promise<void> {
    await this.#make("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    await this.#make(`/api/v1/namespaces/${namespace}/serviceaccounts`, {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "default" },
    });
    const definitions = targets.find(({ kind }) => kind === "CustomResourceDefinition");
    if (definitions !== undefined) await this.#make(definitions.path, seedObject(definitions));
    const widgets = `/apis/fuzz.example/v1/namespaces/${namespace}/widgets`;
    for (let tries = 0; (await this.#send({ method: "GET", path: widgets, headers: {} })).code !== 200; tries++) {
      if (tries > 500) throw new Error("the custom resource is not served");
    }
    await this.#makeSeeds();
    this.#heapBefore = heapNow();
  }

  async all(): Promise<FuzzResult> {
    const { cases, seed, atOnce = 8, maximumFindings = 200 } = this.#options;
    const random = new Random(seed);
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < cases && this.#findings.length < maximumFindings && this.#options.signal?.aborted !== true) {
        const number = next++;
        if (number % 2_000 === 1_999) await this.#makeSeeds();
        await this.#check(number, makeRequest(random, number));
        if (number % 10_000 === 9_999) this.#options.progress?.(this.#result(number + 1));
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    return this.#result(next);
  }

  #result(cases: number): FuzzResult {
    return {
      cases,
      findings: this.#findings,
      codes: this.#codes,
      slowestMs: this.#slowestMs,
      slowest: this.#slowest,
      heapBytes: { before: this.#heapBefore, after: heapNow() },
    };
  }

  async #make(path: string, object: object): Promise<void> {
    const headers = { "content-type": "application/json" };
    const answer = await this.#send({ method: "POST", path, headers, body: Buffer.from(wireText(object)) });
    if (answer.code >= 300 && answer.code !== 409) throw new Error(`POST ${path}: ${answer.text}`);
  }

  /** What updates and patches change; those that a case took away come back. */
  async #makeSeeds(): Promise<void> {
    const failed: string[] = [];
    for (const target of targets) {
      const creates = target.verbs.includes("create") && target.verbs.includes("get");
      if (!creates || target.kind === "CustomResourceDefinition") continue;
      const seed = target.dryRunOnly ? `${target.path}?dryRun=All` : target.path;
      await this.#make(seed, seedObject(target)).catch((error: Error) => failed.push(error.message));
    }
    if (failed.length > 0) throw new Error(failed.join("\n"));
  }

  async #check(number: number, made: FuzzRequest): Promise<void> {
    const started = performance.now();
    let answer: Answer;
    try {
      answer = await this.#send(made);
    } catch (error) {
      this.#found(number, made, `broken connection: ${(error as Error).message}`, "");
      return;
    }
    const took = performance.now() - started;
    if (took > this.#slowestMs) [this.#slowestMs, this.#slowest] = [took, made];
    this.#codes[answer.code] = (this.#codes[answer.code] ?? 0) + 1;
    const late = this.#options.limitMs !== undefined && took > this.#options.limitMs;
    const problem = problemOf(made, answer) ?? (late ? `took ${Math.round(took)} ms` : undefined);
    if (problem !== undefined) this.#found(number, made, problem, answer.text.slice(0, 2_000));
  }

  #found(number: number, made: FuzzRequest, problem: string, answer: string): void {
    const stack = this.#options.failures.get(`${made.method} ${made.path}`) ?? "";
    this.#findings.push({ case: number, problem, request: made, answer, stack });
  }

  #send({ method, path, headers, body }: FuzzRequest): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const length: Record<string, number> = body === undefined ? {} : { "content-length": body.length };
      const url = this.#server.url + path;
      const outgoing = request(url, { method, agent: this.#agent, headers: { ...headers, ...length } }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const type = String(response.headers["content-type"] ?? "");
          resolve({ code: response.statusCode ?? 0, type, text: Buffer.concat(chunks).toString("utf8") });
        });
      });
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }
}

function heapNow(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  return process.memoryUsage().heapUsed;
}

/** Nothing answers where the fuzzer knows that nobody is: a kubelet, a metrics source, a converted extension. */
const unavailable =
  /Too large resource version|no endpoints|not found|no nodes|metrics|unable to|dial|connect|kubelet|not available/i;

function problemOf({ method }: FuzzRequest, { code, type, text }: Answer): string | undefined {
  if (code >= 500 && !(code > 501 && (method === "HEAD" || unavailable.test(text)))) return `answered with ${code}`;
  if (/\n\s+at .*\.ts:\d+|Maximum call stack|Cannot read propert|is not a function|is not iterable/.test(text))
    return "a stack or an error of the language";
  if (code < 400 || method === "HEAD") return undefined;
  if (!type.startsWith("application/json"))
    return code === 429 || code === 404 || code === 405 ? undefined : `an error as ${type}`;
  try {
    const status = parseOwnJson(text) as { kind?: string; code?: number; message?: string };
    if (status.kind !== "Status") return "an error that is no Status";
    if (status.code !== code) return "a Status with another code";
    return status.message ? undefined : "a Status without a message";
  } catch {
    return "an error that is no JSON";
  }
}
