/** The only place that runs `nft`. Scripts go through standard input; a failed one changes nothing. */
import { execa } from "execa";

export type ApplyRules = (script: string) => Promise<void>;

/** Throws with nft's first error line; the previous ruleset then still stands. */
export const applyRules: ApplyRules = async (script) => {
  const result = await execa("nft", ["-f", "-"], { input: script, reject: false });
  if (result.failed) {
    const reason = result.stderr.split("\n").slice(0, 2).join(" ") || result.shortMessage || "nft did not start";
    throw new Error(`nft refused the ruleset, which stays as it was: ${reason}`);
  }
};

/** Forgets tracked UDP flows to `destination`, so that their next packet is routed anew. No such flow is fine. */
export async function forgetUdpFlows(match: { originalDestination: string; translated?: string }): Promise<void> {
  const translated = match.translated === undefined ? [] : ["--dst-nat", match.translated];
  await execa("conntrack", ["-D", "--orig-dst", match.originalDestination, ...translated, "-p", "udp"], {
    reject: false,
  });
}
