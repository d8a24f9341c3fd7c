import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  certificateExpiry,
  createAuthority,
  type IssuedCertificate,
  issueCertificate,
  reissueCertificate,
} from "../../lib/certificates.ts";
import { FakeClock } from "../../lib/fake-clock.ts";
import type { Logger } from "../../lib/log.ts";
import { type CertificateFiles, createCertificateFiles } from "./certificate-files.ts";
import { createRotation, type Renewal, type Rotation } from "./rotation.ts";

const dayMs = 86_400_000;
const start = Date.UTC(2030, 0, 1);
const ignore = (): void => undefined;
const log: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };

let folder: string;
let clock: CountingClock;
let authority: IssuedCertificate;
let files: CertificateFiles;
let rotation: Rotation;
let stop: AbortController;
let made: number;
let failing: boolean;

const issue = (now: number, days: number, signer = authority): Promise<IssuedCertificate> =>
  issueCertificate({ authority: signer, commonName: "me", usages: ["client"], validityDays: days, now });
const seed = async ({ certificate, privateKey }: IssuedCertificate): Promise<void> => {
  await writeFile(join(folder, "me.crt"), certificate);
  await writeFile(join(folder, "me.key"), privateKey);
};
const renewal: Renewal = {
  atStart: true,
  async renew({ certificate }) {
    if (failing) throw new Error("no");
    made++;
    return reissueCertificate(certificate, authority, clock.now());
  },
};
const patience = { timeout: 15_000, interval: 2 };

class CountingClock extends FakeClock {
  sleeps = 0;
  override sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.sleeps++;
    return super.sleep(ms, signal);
  }
}

/** Resolves when the loop has looked at everything at the new time. Files and keys are made outside the clock's reach. */
async function pass(ms: number): Promise<void> {
  const before = clock.sleeps;
  await clock.advance(ms);
  await vi.waitFor(() => expect(clock.sleeps).toBeGreaterThan(before), patience);
}

/** Starts the loop and lets it look once. */
async function run(): Promise<void> {
  void rotation.run(stop.signal);
  await vi.waitFor(() => expect(clock.sleeps).toBe(1), patience);
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mini-rotation-"));
  clock = new CountingClock(start);
  // Validity of certificates is looked at on the clock alone, so the authority is good for both times.
  authority = await createAuthority({ commonName: "ca", validityDays: 36_500 });
  files = createCertificateFiles({
    seed: folder,
    renewed: join(folder, "renewed"),
    authorityOf: () => authority.certificate,
  });
  rotation = createRotation({ files, clock, log, intervalMs: 10_000 });
  stop = new AbortController();
  [made, failing] = [0, false];
});
afterEach(async () => {
  stop.abort();
  await rm(folder, { recursive: true });
});

describe("rotation", () => {
  it("renews between 70 and 90 % of the life, tells who uses it, and is found again by a new process", async () => {
    await seed(await issue(start, 10));
    const source = await rotation.source("me", renewal);
    const first = source.current();
    let told = 0;
    source.subscribe(() => told++);
    await run();
    await pass(6.9 * dayMs);
    expect(source.current()).toBe(first);
    await pass(2.2 * dayMs);
    await vi.waitFor(() => expect([made, told]).toEqual([1, 1]), patience);
    await pass(10_000);
    expect([made, told]).toEqual([1, 1]);
    const second = source.current();
    expect(certificateExpiry(second.certificate) - clock.now()).toBeGreaterThan(9 * dayMs);
    await vi.waitFor(async () => {
      const later = createRotation({ files, clock, log });
      expect((await later.source("me", { ...renewal, atStart: false })).current().certificate.trim()).toBe(
        second.certificate.trim(),
      );
    }, patience);
  });

  it("serves no certificate that has ended where it can be renewed at once", async () => {
    await seed(await issue(start - 20 * dayMs, 10));
    const source = await rotation.source("me", renewal);
    expect(certificateExpiry(source.current().certificate)).toBeGreaterThan(clock.now());
    expect(made).toBe(1);
  });

  it("tries again and again where it fails, and goes on with what it has", async () => {
    await seed(await issue(start, 10));
    failing = true;
    const source = await rotation.source("me", renewal);
    const first = source.current();
    await run();
    await pass(11 * dayMs);
    expect(source.current()).toBe(first);
    failing = false;
    await vi.waitFor(async () => {
      await pass(600_000);
      expect(source.current()).not.toBe(first);
    }, patience);
  });

  it("takes up what the launcher puts beside it, and nothing that another authority made", async () => {
    await seed(await issue(start, 10));
    const source = await rotation.source("me", { ...renewal, atStart: false });
    await run();
    const foreign = await issue(start + dayMs, 10, await createAuthority({ commonName: "ca", validityDays: 36_500 }));
    await files.save("me", foreign);
    await pass(dayMs);
    expect(source.current().certificate).not.toBe(foreign.certificate);
    const newer = await issue(clock.now(), 10);
    await files.save("me", newer);
    await pass(20_000);
    expect(source.current().certificate.trim()).toBe(newer.certificate.trim());
    expect(made).toBe(0);
  });

  it("takes it up also while a renewal hangs, and drops what comes of that", async () => {
    await seed(await issue(start - 20 * dayMs, 10));
    const asked = Promise.withResolvers<IssuedCertificate>();
    const source = await rotation.source("me", { atStart: false, renew: () => asked.promise });
    await run();
    const given = await issue(clock.now(), 10);
    await files.save("me", given);
    await pass(20_000);
    expect(source.current().certificate.trim()).toBe(given.certificate.trim());
    asked.resolve(await issue(clock.now() - 5 * dayMs, 10));
    await pass(20_000);
    expect(source.current().certificate.trim()).toBe(given.certificate.trim());
  });

  it("prefers the certificate made last, but none that has ended to one that has not", async () => {
    const old = await issue(start - dayMs, 10);
    const short = await issue(start, 0.5);
    await seed(old);
    await files.save("me", short);
    expect((await files.best("me", start))?.certificate.trim()).toBe(short.certificate.trim());
    expect((await files.best("me", start + dayMs))?.certificate.trim()).toBe(old.certificate.trim());
    await writeFile(join(folder, "me.key"), short.privateKey);
    expect((await files.best("me", start + 2 * dayMs))?.certificate.trim()).toBe(short.certificate.trim());
  });

  it("says which certificate is missing", async () => {
    await expect(rotation.source("me", renewal)).rejects.toThrow("no certificate me");
  });
});
