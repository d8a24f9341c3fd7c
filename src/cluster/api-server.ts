/** Requests to a profile's API server with the administrator's certificate, as few as the launcher needs. */
import { Agent, request } from "node:https";
import { renewAdminCertificate } from "./certificate-renewal.ts";
import { MiniError } from "./errors.ts";
import { adminCredentials } from "./pki.ts";
import { apiServerUrl, type Profile } from "./profile.ts";

export interface ApiResponse {
  readonly status: number;
  readonly body: string;
}

/** An emulated node that has just booted takes seconds to answer its first request, and starts anew with the next one. */
const patienceMs = 15_000;

export interface ApiServer extends Disposable {
  /** Resolves with any HTTP answer; rejects when there is none within `timeoutMs`. */
  get(path: string, options?: { signal?: AbortSignal; timeoutMs?: number }): Promise<ApiResponse>;
  /** The object at a path, undefined when the answer is not 200. */
  object<T>(path: string, signal?: AbortSignal): Promise<T | undefined>;
}

export async function connectApiServer(profile: Profile, base = apiServerUrl(profile)): Promise<ApiServer> {
  await renewAdminCertificate(profile);
  const { ca, certificate, key } = await adminCredentials(profile.name);
  if (ca === "" || certificate === "") {
    throw new MiniError("GUEST_NOT_RUNNING", `the profile "${profile.name}" has no certificates: it was never started`);
  }
  const agent = new Agent({ keepAlive: true, ca, cert: certificate, key });
  const get: ApiServer["get"] = (path, { signal, timeoutMs = patienceMs } = {}) =>
    new Promise((resolve, reject) => {
      const timeout = AbortSignal.timeout(timeoutMs);
      const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
      const headers = { accept: "application/json" };
      const call = request(new URL(path, base), { agent, headers, signal: either }, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
      });
      call.on("error", reject);
      call.end();
    });
  return {
    get,
    async object<T>(path: string, signal?: AbortSignal) {
      const { status, body } = await get(path, signal === undefined ? {} : { signal });
      return status === 200 ? (JSON.parse(body) as T) : undefined;
    },
    [Symbol.dispose]: () => agent.destroy(),
  };
}
