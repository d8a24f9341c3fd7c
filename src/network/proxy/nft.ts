/** In a node the only place that runs `nft` and `conntrack`. Scripts go through standard input; a failed one changes nothing. */
import { execFile } from "node:child_process";
import type { TrackedFlows } from "./stale-flows.ts";

export type ApplyRules = (script: string) => Promise<void>;

/** Throws with nft's first error line; the previous ruleset then still stands. */
export const applyRules: ApplyRules = async (script) => {
  const { error, stderr } = await run("nft", ["-f", "-"], script);
  if (error !== null) {
    const reason = stderr.split("\n").slice(0, 2).join(" ") || error.message;
    throw new Error(`nft refused the ruleset, which stays as it was: ${reason}`, { cause: error });
  }
};

/** The kernel's table of UDP flows, as conntrack prints it; empty where it cannot be had. */
export async function listUdpFlows(): Promise<string> {
  const { stdout } = await run("conntrack", ["-L", "-p", "udp"]);
  return stdout;
}

/** Forgets tracked flows, so that their next packet is routed anew. No such flow is fine. */
export async function forgetUdpFlows(flows: TrackedFlows): Promise<void> {
  await run("conntrack", forgetArguments(flows));
}

/** Of conntrack. */
export function forgetArguments(flows: TrackedFlows): string[] {
  const { destination, destinationPort, answeredFrom, answeredFromPort } = flows;
  const to = ["--orig-dst", destination, "--orig-port-dst", String(destinationPort)];
  const from = ["--reply-src", answeredFrom, "--reply-port-src", String(answeredFromPort)];
  return ["-D", "-p", "udp", ...to, ...from];
}

/** Of a full table of flows. */
const maximumOutputBytes = 1 << 27;

interface Ended {
  /** Of a command that did not start, failed, or was killed. */
  readonly error: Error | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Never rejects. */
async function run(command: string, args: readonly string[], input = ""): Promise<Ended> {
  return await new Promise((resolve) => {
    const options = { maxBuffer: maximumOutputBytes };
    const child = execFile(command, args, options, (error, stdout, stderr) => resolve({ error, stdout, stderr }));
    // A command that ends without reading everything breaks the pipe; its exit code says what was wrong.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
  });
}
