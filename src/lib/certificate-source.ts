/** A certificate with its key as something that changes: those who use it ask for it anew, or are told of a new one. */
import type { IssuedCertificate } from "./certificates.ts";

export interface CertificateSource {
  /** What holds now: the same object until it is renewed. */
  current(): IssuedCertificate;
  /** Called after each renewal; returns how to stop. */
  subscribe(renewed: () => void): () => void;
}

/** One that stays as it is. */
export function fixedCertificate(certificate: IssuedCertificate): CertificateSource {
  return { current: () => certificate, subscribe: () => () => undefined };
}

export interface RenewableCertificate extends CertificateSource {
  replace(certificate: IssuedCertificate): void;
}

export function renewableCertificate(first: IssuedCertificate): RenewableCertificate {
  let current = first;
  const listeners = new Set<() => void>();
  return {
    current: () => current,
    subscribe(renewed) {
      listeners.add(renewed);
      return () => void listeners.delete(renewed);
    },
    replace(certificate) {
      current = certificate;
      for (const listener of listeners) listener();
    },
  };
}
