/** Waits for the API server, which starts at the same time as those who need it. */
import { request } from "node:https";
import type { CertificateSource } from "../../lib/certificate-source.ts";
import { type Clock, systemClock } from "../../lib/clock.ts";

const POLL_MS = 25;

/** Where the API server is and who asks; the authority is PEM. */
export interface ReadinessQuery {
  readonly server: string;
  readonly ca: string;
  readonly certificate: CertificateSource;
}

/** Resolves once /readyz answers 200, so that clients do not begin with failures and back-off. */
export async function apiServerReady(query: ReadinessQuery, clock: Clock = systemClock): Promise<void> {
  while ((await readyStatus(query)) !== 200) await clock.sleep(POLL_MS);
}

/** Undefined while nothing answers. */
async function readyStatus({ server, ca, certificate }: ReadinessQuery): Promise<number | undefined> {
  const { certificate: cert, privateKey: key } = certificate.current();
  return await new Promise((resolve) => {
    const call = request(`${server}/readyz`, { ca, cert, key, agent: false, timeout: 2_000 }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    call.on("error", () => resolve(undefined));
    call.on("timeout", () => call.destroy());
    call.end();
  });
}
