/**
 * Keeps the certificates of one process of a node from ending: renews each between 70 and 90 % of its life, as upstream's
 * kubelet does, and takes up what somebody else put into the files. Time is the wall clock's, looked at every few
 * seconds: a machine that was asleep finds out when it wakes.
 */
import {
  type CertificateSource,
  type RenewableCertificate,
  renewableCertificate,
} from "../../lib/certificate-source.ts";
import { certificateExpiry, type IssuedCertificate, issuedAt } from "../../lib/certificates.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/log.ts";
import type { CertificateFiles } from "./certificate-files.ts";

export interface Renewal {
  /** Part of the life after which it is time; default a random one of 0.7 to 0.9. */
  readonly after?: number;
  /** Whether `renew` works before anything runs, so that an ended certificate need never be served. */
  readonly atStart: boolean;
  /** A certificate for the same. Rejects where it cannot be had now. */
  renew(current: IssuedCertificate, signal: AbortSignal): Promise<IssuedCertificate>;
}

export interface RotationOptions {
  readonly files: CertificateFiles;
  readonly clock: Clock;
  readonly log: Logger;
  /** How often files and clock are looked at. Default ten seconds. */
  readonly intervalMs?: number;
}

export interface Rotation {
  /** The certificate of that name, renewed at once where it is due and may be. Rejects where there is none. */
  source(name: string, renewal: Renewal): Promise<CertificateSource>;
  /** Looks after all that `source` was asked for, also later, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

interface Entry {
  readonly name: string;
  readonly renewal: Renewal;
  readonly source: RenewableCertificate;
  version: string;
  /** Milliseconds since the epoch. */
  dueAt: number;
  /** It may take long: who is asked may not answer as long as the certificate has ended. */
  isBeingRenewed: boolean;
}

const defaultIntervalMs = 10_000;
const shortestRetryMs = 5_000;
const longestRetryMs = 300_000;

export function createRotation({ files, clock, log, intervalMs = defaultIntervalMs }: RotationOptions): Rotation {
  const entries = new Map<string, Promise<Entry>>();

  async function load(name: string, renewal: Renewal): Promise<Entry> {
    const version = await files.version(name);
    const found = await files.best(name, clock.now());
    if (found === undefined) throw new Error(`the node has no certificate ${name} that its authority vouches for`);
    const fields = { name, renewal, source: renewableCertificate(found), version, dueAt: dueAt(found, renewal) };
    const entry: Entry = { ...fields, isBeingRenewed: false };
    if (renewal.atStart && clock.now() >= entry.dueAt) await renew(entry, new AbortController().signal);
    return entry;
  }

  async function renew(entry: Entry, signal: AbortSignal): Promise<void> {
    const { name, renewal, source } = entry;
    const before = source.current();
    entry.isBeingRenewed = true;
    try {
      const renewed = await renewal.renew(before, signal);
      // Somebody else was faster.
      if (source.current() !== before) return;
      take(entry, renewed);
      log.info("certificate renewed", { name, until: new Date(certificateExpiry(renewed.certificate)).toISOString() });
      // Without the file it is good for this process.
      await files.save(name, renewed).catch((error: unknown) => log.warn("cannot keep a certificate", { name, error }));
    } catch (error) {
      if (signal.aborted) return;
      const left = certificateExpiry(source.current().certificate) - clock.now();
      const waitMs = Math.min(Math.max(left / 10, shortestRetryMs), longestRetryMs);
      entry.dueAt = clock.now() + waitMs;
      log.warn("cannot renew a certificate, trying again", { name, seconds: Math.round(waitMs / 1000), error });
    } finally {
      entry.isBeingRenewed = false;
    }
  }

  function take(entry: Entry, certificate: IssuedCertificate): void {
    entry.dueAt = dueAt(certificate, entry.renewal);
    entry.source.replace(certificate);
  }

  async function lookAt(entry: Entry, signal: AbortSignal): Promise<void> {
    const version = await files.version(entry.name);
    if (version !== entry.version) {
      entry.version = version;
      const best = await files.best(entry.name, clock.now());
      if (best !== undefined && !isSame(best, entry.source.current())) take(entry, best);
    }
    if (clock.now() >= entry.dueAt && !entry.isBeingRenewed) void renew(entry, signal);
  }

  return {
    async source(name, renewal) {
      const loading = entries.get(name) ?? load(name, renewal);
      entries.set(name, loading);
      // What failed is tried anew by who asks again.
      loading.catch(() => entries.delete(name));
      return (await loading).source;
    },
    async run(signal) {
      while (!signal.aborted) {
        const loaded = await Promise.allSettled(entries.values());
        const known = loaded.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
        await Promise.all(known.map((entry) => lookAt(entry, signal)));
        const waiting = known.filter((entry) => !entry.isBeingRenewed);
        const next = Math.min(...waiting.map((entry) => entry.dueAt - clock.now()), intervalMs);
        await clock.sleep(Math.max(next, intervalMs / 100), signal).catch(() => undefined);
      }
    },
  };
}

/** Files may end in another way. */
const isSame = (one: IssuedCertificate, other: IssuedCertificate): boolean =>
  one.certificate.trim() === other.certificate.trim();

/** When it is time for the next: so much of the life after the certificate was made. */
function dueAt(current: IssuedCertificate, { after = 0.7 + 0.2 * Math.random() }: Renewal): number {
  const start = issuedAt(current.certificate);
  return start + after * (certificateExpiry(current.certificate) - start);
}
