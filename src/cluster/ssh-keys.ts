/** SSH keys of a profile: one to log in with, and one host key that all its nodes share and that is therefore known. */
import { join } from "node:path";
import { readFileIfPresent, writeFileAtomically } from "../lib/atomic-file.ts";
import { profileFolder } from "./home.ts";

export interface SshKeys {
  /** OpenSSH private key of the user. */
  readonly identity: string;
  /** `ssh-ed25519 …` lines. */
  readonly authorizedKey: string;
  readonly hostKey: string;
  readonly hostPublicKey: string;
}

export async function ensureSshKeys(profile: string): Promise<SshKeys> {
  const folder = join(profileFolder(profile), "ssh");
  const user = await ensureKey(join(folder, "id_ed25519"), `mini-${profile}`);
  const host = await ensureKey(join(folder, "ssh_host_ed25519_key"), profile);
  return { identity: user[0], authorizedKey: user[1], hostKey: host[0], hostPublicKey: host[1] };
}

async function ensureKey(path: string, comment: string): Promise<[privateKey: string, publicKey: string]> {
  const found = [await readFileIfPresent(path), await readFileIfPresent(`${path}.pub`)] as const;
  if (found[0] !== undefined && found[1] !== undefined) return [found[0], found[1]];
  const { default: ssh2 } = await import("ssh2");
  const pair = ssh2.utils.generateKeyPairSync("ed25519", { comment });
  await writeFileAtomically(`${path}.pub`, `${pair.public}\n`, { mode: 0o644 });
  await writeFileAtomically(path, pair.private);
  return [pair.private, `${pair.public}\n`];
}
