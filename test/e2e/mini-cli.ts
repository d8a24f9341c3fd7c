/**
 * One test's own installation of mini: a MINI_HOME, a kubeconfig and a profile name that no other test shares, the
 * `dist/mini` of this checkout and both kubectl versions. Everything is removed at the end.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";

const root = fileURLToPath(new URL("../..", import.meta.url));
export const miniPath = join(root, "dist/mini");

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export type KubectlVersion = "newest" | "oldest";

export class MiniCli {
  readonly home = mkdtempSync(join(tmpdir(), "mini-test-"));
  readonly kubeconfig = join(this.home, "kubeconfig");
  readonly profile: string;
  readonly #environment: Record<string, string>;

  /** `name` is a prefix of the profile; short, as interface names derive from it. */
  constructor(name: string) {
    if (!existsSync(miniPath)) throw new Error("dist/mini is missing: run scripts/build first");
    this.profile = `${name}${process.pid}`;
    this.#environment = { MINI_HOME: join(this.home, "mini"), KUBECONFIG: this.kubeconfig, MINI_PROFILE: this.profile };
  }

  /** Runs `mini`, on this profile unless words say otherwise; never rejects for an exit code. */
  async mini(
    words: readonly string[],
    extra: { env?: Record<string, string>; input?: string } = {},
  ): Promise<CommandResult> {
    const result = await execa(miniPath, words, {
      env: { ...this.#environment, ...extra.env },
      input: extra.input ?? "",
      reject: false,
    });
    return { exitCode: result.exitCode ?? 1, stdout: result.stdout, stderr: result.stderr };
  }

  /** Runs `mini` on this profile and throws with its output when it fails. */
  async succeed(...words: string[]): Promise<string> {
    const result = await this.mini(words);
    if (result.exitCode !== 0) {
      throw new Error(`mini ${words.join(" ")} exited with ${result.exitCode}:\n${result.stdout}\n${result.stderr}`);
    }
    return result.stdout;
  }

  /** For a mini, or another program, that somebody else runs. */
  environment(): NodeJS.ProcessEnv {
    return { ...process.env, ...this.#environment };
  }

  /** Runs mini, and gives it the signal as soon as it has printed the text; `given` rejects when it never did. */
  signalAt(words: readonly string[], text: string, signal: NodeJS.Signals) {
    const child = spawn(miniPath, words, { env: this.environment(), stdio: ["ignore", "pipe", "pipe"] });
    const { promise: given, resolve, reject } = Promise.withResolvers<void>();
    const texts = { stdout: "", stderr: "" };
    let waiting = true;
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream].on("data", (chunk: Buffer) => {
        texts[stream] += chunk.toString();
        if (!waiting || !texts[stream].includes(text)) return;
        waiting = false;
        child.kill(signal);
        resolve();
      });
    }
    const ended = new Promise<CommandResult>((finish) => {
      child.on("close", (code) => {
        reject(new Error(`mini ended without "${text}":\n${texts.stdout}\n${texts.stderr}`));
        finish({ exitCode: code ?? -1, ...texts });
      });
    });
    return { child, given, ended };
  }

  /** Runs a kubectl of the given age against the profile's cluster; throws with its output when it fails. */
  async kubectl(version: KubectlVersion, words: readonly string[], input = ""): Promise<string> {
    const result = await this.tryKubectl(version, words, input);
    if (result.exitCode !== 0)
      throw new Error(`kubectl ${words.join(" ")} failed:\n${result.stdout}\n${result.stderr}`);
    return result.stdout;
  }

  async tryKubectl(version: KubectlVersion, words: readonly string[], input = ""): Promise<CommandResult> {
    const { exitCode, stdout, stderr } = await this.startKubectl(version, words, { input });
    return { exitCode: exitCode ?? 1, stdout, stderr };
  }

  /** A kubectl that runs on until it is killed; it never rejects. */
  startKubectl(
    version: KubectlVersion,
    words: readonly string[],
    extra: { input?: string; env?: Record<string, string> } = {},
  ) {
    return execa(kubectlPath(version), ["--context", this.profile, ...words], {
      env: { KUBECONFIG: this.kubeconfig, ...extra.env },
      input: extra.input ?? "",
      reject: false,
    });
  }

  /** Deletes the cluster whatever state it is in, then the folder. */
  async cleanUp(): Promise<void> {
    await this.mini(["delete"]);
    rmSync(this.home, { recursive: true, force: true });
  }
}

/** kubectl 1.36 as `mini kubectl` carries it, or the oldest that is supported, as scripts/fetch-kubectl leaves them. */
const kubectlPath = (version: KubectlVersion): string =>
  join(root, version === "oldest" ? ".cache/kubectl-oldest/kubectl" : ".cache/kubectl/kubectl");
