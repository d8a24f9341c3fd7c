/** A bare HTTPS client for tests: JSON in, JSON out, and watches as lists of events. */
import { Agent, type RequestOptions, request } from "node:https";
import { parseOwnJson } from "../machinery/codec/json.ts";
import type { TestServer } from "./start-for-test.ts";

export interface TestAnswer {
  readonly code: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly bytes: Buffer;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any;
}

export interface TestWatch {
  readonly events: { readonly type: string; readonly object: TestAnswer["body"] }[];
  /** Resolves when so many events are there, or the watch has ended. */
  until(count: number): Promise<void>;
  stop(): void;
}

export interface TestRequest {
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  /** Default true: the admin's certificate. */
  readonly authenticated?: boolean;
}

export class TestClient {
  readonly #server: TestServer;
  readonly #agents: Record<"admin" | "nobody", Agent>;

  constructor(server: TestServer) {
    this.#server = server;
    const { ca, admin } = server.pki;
    this.#agents = {
      admin: new Agent({ keepAlive: true, ca, cert: admin.certificate, key: admin.privateKey }),
      nobody: new Agent({ keepAlive: true, ca }),
    };
  }

  get(path: string, headers: Record<string, string> = {}): Promise<TestAnswer> {
    return this.send("GET", path, { headers });
  }

  post(path: string, body: unknown): Promise<TestAnswer> {
    return this.send("POST", path, { body });
  }

  put(path: string, body: unknown): Promise<TestAnswer> {
    return this.send("PUT", path, { body });
  }

  delete(path: string, body?: unknown): Promise<TestAnswer> {
    return this.send("DELETE", path, body === undefined ? {} : { body });
  }

  /** `type` is `merge`, `json` or `strategic-merge`. */
  patch(path: string, body: unknown, type = "merge"): Promise<TestAnswer> {
    return this.send("PATCH", path, { body, headers: { "content-type": `application/${type}-patch+json` } });
  }

  send(method: string, path: string, { body, headers, authenticated = true }: TestRequest = {}): Promise<TestAnswer> {
    const raw = typeof body === "string" || Buffer.isBuffer(body) ? body : body && JSON.stringify(body);
    // Node sends the body of a DELETE without any framing of its own.
    const length: Record<string, string> =
      raw === undefined ? {} : { "content-length": String(Buffer.byteLength(raw as string)) };
    return new Promise((resolve, reject) => {
      const outgoing = request(
        this.#server.url + path,
        this.#options(method, authenticated, { ...length, ...headers }),
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("end", () => {
            const bytes = Buffer.concat(chunks);
            const text = bytes.toString("utf8");
            const json = text !== "" && String(response.headers["content-type"]).startsWith("application/json");
            resolve({
              code: response.statusCode ?? 0,
              headers: response.headers,
              bytes,
              text,
              body: json ? parseOwnJson(text) : text,
            });
          });
        },
      );
      outgoing.on("error", reject);
      outgoing.end(raw);
    });
  }

  watch(path: string, headers: Record<string, string> = {}): Promise<TestWatch> {
    return new Promise((resolve, reject) => {
      const outgoing = request(this.#server.url + path, this.#options("GET", true, headers), (response) => {
        const events: TestWatch["events"] = [];
        const wake = new Set<() => void>();
        let rest = "";
        let ended = false;
        const notify = (): void => {
          for (const one of wake) one();
        };
        response.on("data", (chunk: Buffer) => {
          const lines = (rest + chunk.toString("utf8")).split("\n");
          rest = lines.pop() ?? "";
          for (const line of lines) events.push(parseOwnJson(line) as TestWatch["events"][number]);
          notify();
        });
        response.on("close", () => {
          ended = true;
          notify();
        });
        const until = async (count: number): Promise<void> => {
          while (events.length < count && !ended) {
            const { promise, resolve: wakeUp } = Promise.withResolvers<void>();
            wake.add(wakeUp);
            await promise;
            wake.delete(wakeUp);
          }
        };
        resolve({ events, until, stop: () => outgoing.destroy() });
      });
      outgoing.on("error", reject);
      outgoing.end();
    });
  }

  close(): void {
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  #options(method: string, authenticated: boolean, headers?: Record<string, string>): RequestOptions {
    const agent = authenticated ? this.#agents.admin : this.#agents.nobody;
    return { method, agent, headers: { "content-type": "application/json", ...headers } };
  }
}
