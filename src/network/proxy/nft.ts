/** The only place that runs `nft`. Scripts go through standard input; a failed one changes nothing. */
import { execFile } from "node:child_process";

export type ApplyRules = (script: string) => Promise<void>;

/** Throws with nft's first error line; the previous ruleset then still stands. */
export const applyRules: ApplyRules = async (script) => {
  const { error, stderr } = await run("nft", ["-f", "-"], script);
  if (error !== null) {
    const reason = stderr.split("\n").slice(0, 2).join(" ") || error.message;
    throw new Error(`nft refused the ruleset, which stays as it was: ${reason}`, { cause: error });
  }
};

/** Forgets tracked UDP flows to `destination`, so that their next packet is routed anew. No such flow is fine. */
export async function forgetUdpFlows(match: { originalDestination: string; translated?: string }): Promise<void> {
  const translated = match.translated === undefined ? [] : ["--dst-nat", match.translated];
  await run("conntrack", ["-D", "--orig-dst", match.originalDestination, ...translated, "-p", "udp"]);
}

interface Ended {
  /** Of a command that did not start, failed, or was killed. */
  readonly error: Error | null;
  readonly stderr: string;
}

/** Never rejects. */
async function run(command: string, args: readonly string[], input = ""): Promise<Ended> {
  return await new Promise((resolve) => {
    const child = execFile(command, args, (error, _, stderr) => resolve({ error, stderr }));
    // A command that ends without reading everything breaks the pipe; its exit code says what was wrong.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
  });
}
