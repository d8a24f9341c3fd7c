/**
 * Certificates of a cluster that exists: the administrator's is renewed by whatever command uses it, and a start gives a
 * running cluster what it made anew. Nodes renew their own before their end (src/node/certificates); this is for those
 * that could not, because they slept or were cut off.
 */
import { join } from "node:path";
import { Readable } from "node:stream";
import { systemClock } from "../lib/clock.ts";
import { MiniError } from "./errors.ts";
import { type ContextEntry, contextState, writeContext } from "./kubeconfig.ts";
import { adminCertificateEnds, adminCredentials, ensureAdminCertificate, nodePki, pkiFolder } from "./pki.ts";
import { apiServerUrl, lockProfile, type Profile, type ProfileNode } from "./profile.ts";
import type { Progress } from "./progress.ts";
import { connectSsh } from "./ssh.ts";

/** What the kubeconfig has of a profile. */
export async function adminEntry(profile: Profile): Promise<ContextEntry> {
  const folder = pkiFolder(profile.name);
  const credentials = profile.embedCerts
    ? { embed: true as const, ...(await adminCredentials(profile.name)) }
    : {
        embed: false as const,
        ca: join(folder, "ca.crt"),
        certificate: join(folder, "admin.crt"),
        key: join(folder, "admin.key"),
      };
  return { name: profile.name, server: apiServerUrl(profile), credentials };
}

/** By profile, in this process. */
const renewals = new Map<string, Promise<void>>();

/** Does nothing where it is good for long. Those who ask at the same time get the same renewal. */
export async function renewAdminCertificate(profile: Profile): Promise<void> {
  if (!(await adminCertificateEnds(profile))) return;
  const renewal = renewals.get(profile.name) ?? renew(profile);
  renewals.set(profile.name, renewal);
  try {
    await renewal;
  } finally {
    renewals.delete(profile.name);
  }
}

const busyMs = 5_000;
const pollMs = 50;

/** Where another command works on the profile, it may be one that renews: that is waited for, for a while. */
async function renew(profile: Profile): Promise<void> {
  const until = Date.now() + busyMs;
  while (await adminCertificateEnds(profile)) {
    try {
      await using _lock = await lockProfile(profile.name);
      await ensureAdminCertificate(profile);
      if (profile.embedCerts) await embed(profile);
      return;
    } catch (error) {
      if (!(error instanceof MiniError) || error.id !== "MK_PROFILE_BUSY") throw error;
      if (Date.now() > until) return;
      await systemClock.sleep(pollMs);
    }
  }
}

/** A context that leads elsewhere, or was taken out, is somebody's wish. */
async function embed(profile: Profile): Promise<void> {
  const entry = await adminEntry(profile);
  if ((await contextState(entry.name, entry.server)) === "Configured") await writeContext(entry, { current: false });
}

/** Where a node looks for certificates that are newer than its seed's. */
const nodeFolder = "/var/lib/mini/pki";

/**
 * Gives running nodes the certificates that were made anew; they take them up within seconds. A node that is not
 * reached keeps what it has, with a warning.
 */
export async function handOverCertificates(
  profile: Profile,
  renewed: ReadonlySet<string>,
  progress: Progress,
): Promise<void> {
  progress.info("Certificates that ended, or soon end, are renewed");
  await Promise.all(
    profile.nodes.map(async (node) => {
      try {
        await handOver(profile, node, renewed);
      } catch (error) {
        const detail = error instanceof Error ? error.message : String(error);
        progress.warning(`${node.name} cannot be given its new certificates: ${detail}`);
      }
    }),
  );
}

async function handOver(profile: Profile, node: ProfileNode, renewed: ReadonlySet<string>): Promise<void> {
  const files = await nodePki(profile, node);
  const isRenewed = (name: string): boolean => renewed.has(name) || renewed.has(`${node.name}/${name}`);
  const names = [...files.keys()].filter((file) => file.endsWith(".crt")).map((file) => file.slice(0, -".crt".length));
  using ssh = await connectSsh(profile, node);
  // Nothing in a node acts as the administrator.
  for (const name of names.filter((one) => one !== "admin" && isRenewed(one))) {
    const both = `${files.get(`${name}.crt`)?.trimEnd()}\n${files.get(`${name}.key`)}`;
    const path = `${nodeFolder}/${name}.pem`;
    const command = `umask 077 && mkdir -p ${nodeFolder} && cat > ${path}.new && mv ${path}.new ${path}`;
    const { exitCode, stderr } = await ssh.capture(command, Readable.from([both]));
    if (exitCode !== 0) throw new Error(stderr.trim() || `${path} cannot be written`);
  }
}
