import { spawn } from "node:child_process";
import { constants } from "node:os";
import { renewAdminCertificate } from "../../cluster/certificate-renewal.ts";
import { MiniError } from "../../cluster/errors.ts";
import { provideKubectl } from "../../cluster/node-image.ts";
import { controlPlane, loadProfile } from "../../cluster/profile.ts";
import { environmentAround } from "../../cluster/proxies.ts";
import { MiniCommand } from "../mini-command.ts";

export default class Kubectl extends MiniCommand {
  static override description =
    "The kubectl that mini carries, or the one on the PATH; the profile's context is chosen.";
  static override examples = ["mini kubectl -- get pods -A", "mini kubectl -p work -- apply -f deployment.yaml"];
  static override passThrough = true;

  async run(): Promise<undefined> {
    const { flags } = await this.parse(Kubectl);
    const profile = await loadProfile(flags.profile);
    const { name } = profile;
    await renewAdminCertificate(profile);
    const program = (await provideKubectl()) ?? "kubectl";
    const env = { ...process.env, ...environmentAround(controlPlane(profile).address, process.env) };
    const child = spawn(program, [`--context=${name}`, ...this.passed], { stdio: "inherit", env });
    // A terminal sends Ctrl-C to both; kubectl decides what it means.
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
    process.exitCode = await new Promise<number>((resolve, reject) => {
      child.on("error", (cause) => reject(new MiniError("MK_KUBECTL_MISSING", "kubectl cannot be run", { cause })));
      child.on("exit", (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
    });
  }
}
