/** What a container left as its last words: its termination message file, else the tail of its log. */
import { openRegularFile } from "../../lib/beneath.ts";
import type { ContainerStatus } from "../cri/generated/messages.ts";
import { readLogTail } from "../logs/log-tail.ts";
import { annotationKeys } from "./labels.ts";

const maximumBytes = 4096;
const maximumLogBytes = 2048;
const maximumLogLines = 80;

/** Called once for a container that has exited; never throws. */
export async function readTerminationMessage(status: ContainerStatus): Promise<string> {
  const annotations = status.annotations ?? {};
  const path = annotations[annotationKeys.terminationMessagePath] ?? "";
  const fallback =
    annotations[annotationKeys.terminationMessagePolicy] === "FallbackToLogsOnError" && status.exitCode !== 0;
  const mount = (status.mounts ?? []).find(({ containerPath }) => path !== "" && containerPath === path);
  let message = "";
  if (mount?.hostPath) {
    try {
      message = await readEnd(mount.hostPath, maximumBytes);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
        message = `Error on reading termination log ${mount.hostPath}: ${(error as Error).message}`;
      }
    }
  }
  if (message !== "" || !fallback || !status.logPath) return message || (status.message ?? "");
  return readLogTail(status.logPath, maximumLogLines, maximumLogBytes).catch(
    (error: Error) => `Error on reading termination message from logs: ${error.message}`,
  );
}

async function readEnd(path: string, bytes: number): Promise<string> {
  const file = await openRegularFile(path);
  try {
    const { size } = await file.stat();
    const length = Math.min(size, bytes);
    const buffer = Buffer.alloc(length);
    await file.read(buffer, 0, length, size - length);
    return buffer.toString();
  } finally {
    await file.close();
  }
}
