/** The answers to patches that cannot be applied. */
import { StatusError } from "../errors/status-error.ts";

/** 422 for patches that are well formed but do not fit the object; the detail is only in `cause`, as upstream. */
export function patchDoesNotApply(cause: unknown): StatusError {
  return new StatusError(
    {
      code: 422,
      reason: "Invalid",
      message: "the server rejected our request due to an error in our request",
      details: {},
    },
    { cause },
  );
}

/** 400 for merge patches that contradict themselves or the stored object; upstream has its words with code 500. */
export function patchFailed(message: string): StatusError {
  return new StatusError({ code: 400, message });
}
