/**
 * Where a node's certificates are: the seed has those that the launcher made, a folder on the data disk those that the
 * node got since, certificate and key in one file NAME.pem, so that no two that do not fit are ever read.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { readFileIfPresent, writeFileAtomically } from "../../lib/atomic-file.ts";
import type { IssuedCertificate } from "../../lib/certificates.ts";

export interface CertificateFiles {
  /**
   * Of those that the authority vouches for, the one made last that has not ended at `now`; where all have ended the
   * one that did so last. Undefined: there is none.
   */
  best(name: string, now: number): Promise<IssuedCertificate | undefined>;
  /** Changes when any file of that name does. */
  version(name: string): Promise<string>;
  save(name: string, certificate: IssuedCertificate): Promise<void>;
}

export interface CertificateFilesOptions {
  /** Folder `pki` of the seed: NAME.crt and NAME.key. */
  readonly seed: string;
  readonly renewed: string;
  /** PEM, by the name of the certificate. */
  authorityOf(name: string): string;
}

interface Candidate {
  readonly issued: IssuedCertificate;
  readonly parsed: X509Certificate;
}

export function createCertificateFiles({ seed, renewed, authorityOf }: CertificateFilesOptions): CertificateFiles {
  const paths = (name: string): string[] => [
    ...["crt", "key"].map((suffix) => join(seed, `${name}.${suffix}`)),
    join(renewed, `${name}.pem`),
  ];
  return {
    async best(name, now) {
      const [certificate = "", key = "", both = ""] = await Promise.all(paths(name).map(readFileIfPresent));
      const seeded = parse(certificate, key);
      const ownKey = both.indexOf("-----BEGIN PRIVATE KEY-----");
      const stored = ownKey < 0 ? undefined : parse(both.slice(0, ownKey), both.slice(ownKey));
      const authority = new X509Certificate(authorityOf(name));
      const vouched = ({ parsed }: Candidate): boolean =>
        parsed.checkIssued(authority) && parsed.verify(authority.publicKey);
      // A name that the launcher gave someone else is no longer the node's.
      const renamed = seeded !== undefined && stored?.parsed.subject !== seeded.parsed.subject;
      const candidates = [seeded, renamed ? undefined : stored];
      return choose(candidates.filter((one) => one !== undefined).filter(vouched), now)?.issued;
    },
    async version(name) {
      const states = await Promise.all(paths(name).map((path) => stat(path).catch(() => undefined)));
      return states.map((one) => `${one?.ino}:${one?.mtimeMs}`).join();
    },
    save: (name, { certificate, privateKey }) =>
      writeFileAtomically(join(renewed, `${name}.pem`), `${certificate.trimEnd()}\n${privateKey}`),
  };
}

/** Undefined for what is no certificate, or not the key's. */
function parse(certificate: string, privateKey: string): Candidate | undefined {
  try {
    const parsed = new X509Certificate(certificate);
    return parsed.checkPrivateKey(createPrivateKey(privateKey))
      ? { issued: { certificate, privateKey }, parsed }
      : undefined;
  } catch {
    return undefined;
  }
}

function choose(candidates: readonly Candidate[], now: number): Candidate | undefined {
  const alive = candidates.filter(({ parsed }) => parsed.validToDate.getTime() > now);
  const latest = (list: readonly Candidate[], time: (one: X509Certificate) => Date): Candidate | undefined =>
    [...list].sort((a, b) => time(b.parsed).getTime() - time(a.parsed).getTime())[0];
  return latest(alive, (one) => one.validFromDate) ?? latest(candidates, (one) => one.validToDate);
}
