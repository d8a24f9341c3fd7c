/** Why a control plane that does not answer never will, as its node says: found in seconds instead of at the time-out. */
import { MiniError } from "./errors.ts";
import { controlPlane, type Profile } from "./profile.ts";
import { connectSsh } from "./ssh.ts";

/** As much of the node's state (src/node/state.ts) as is looked at. */
interface NodeState {
  readonly components: Readonly<Record<string, { state: string; message?: string; code?: string } | undefined>>;
}

/** Undefined where there is hope: the node does not answer yet, or its API server did not fail for good. */
export async function findControlPlaneFault(profile: Profile): Promise<MiniError | undefined> {
  try {
    using ssh = await connectSsh(profile, controlPlane(profile));
    const { exitCode, stdout } = await ssh.capture("cat /run/mini/state.json");
    return exitCode === 0 ? faultOf(profile.name, JSON.parse(stdout) as NodeState) : undefined;
  } catch {
    // Not to be asked is no fault; whoever waits goes on waiting.
    return undefined;
  }
}

export function faultOf(profile: string, state: NodeState): MiniError | undefined {
  const apiServer = state.components["apiserver"];
  if (apiServer?.state !== "Failed") return undefined;
  const message = (apiServer.message ?? "").split("\n")[0]?.replace(/^\w*Error: /, "") ?? "";
  if (apiServer.code === "STORE_TOO_NEW")
    return new MiniError("K8S_APISERVER_MISSING", message, { advice: "Use a newer mini" });
  if (apiServer.code !== "STORE_CORRUPT") return undefined;
  const restore =
    "cd /var/lib/mini/store && mkdir -p damaged && mv state.db* damaged/ && cp damaged/state.db.backup state.db";
  const advice = `mini start -p ${profile} --wait=none; mini ssh -p ${profile} -- '${restore}'; mini start -p ${profile}. What was written since the backup is lost`;
  return new MiniError("K8S_STORE_DAMAGED", `the database of "${profile}" in its node: ${message}`, { advice });
}
