/** Failures as the user sees them: an id, a message, a suggestion; never a stack trace (unless MINI_DEBUG asks for it). */
import { randomUUID } from "node:crypto";
import { MiniError, toMiniError } from "../cluster/errors.ts";

export function toFailure(error: unknown): MiniError {
  // oclif's parser throws errors of its own, all of them about the command line.
  if (error instanceof Error && ("parse" in error || "oclif" in error)) {
    const message = error.message.replace(/\s*See more help with --help\s*$/, "").replace(/\s*\n\s*/g, " ");
    return new MiniError("MK_USAGE", message, { cause: error });
  }
  return toMiniError(error);
}

export function failureText(failure: MiniError): string {
  const lines = [`X Exiting due to ${failure.id}: ${failure.message}`];
  if (failure.advice !== undefined) lines.push(`* Suggestion: ${failure.advice}`);
  lines.push(`* Documentation: docs/errors.md#${failure.id.toLowerCase()}`);
  if (process.env["MINI_DEBUG"]) lines.push(stackOf(failure));
  return lines.join("\n");
}

/** A CloudEvent as minikube writes it. */
export function failureJson(failure: MiniError): string {
  const { id, message, exitCode, advice = "" } = failure;
  const data = {
    advice,
    exitcode: String(exitCode),
    issues: "",
    message,
    name: id,
    url: `docs/errors.md#${id.toLowerCase()}`,
  };
  return cloudEvent("error", data);
}

/** All values of `data` are strings. */
export function cloudEvent(type: string, data: Readonly<Record<string, string>>): string {
  return JSON.stringify({
    specversion: "1.0",
    id: randomUUID(),
    source: "https://mini.local/",
    type: `io.k8s.sigs.minikube.${type}`,
    datacontenttype: "application/json",
    data,
  });
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${stackOf(error.cause)}` : "";
  return `${error.stack ?? error.message}${cause}`;
}
