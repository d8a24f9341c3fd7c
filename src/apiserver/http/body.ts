import { badRequest, requestEntityTooLarge } from "../../machinery/errors/status-error.ts";
import type { HttpRequest } from "../types.ts";

/** Upstream's default for a request's body, in bytes. */
export const maximumBodyBytes = 3 * 1024 * 1024;

/** The whole body. Rejects with StatusError RequestEntityTooLarge, or BadRequest when the client breaks off. */
export function readBody(request: HttpRequest, limit = maximumBodyBytes): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (Number(request.headers["content-length"] ?? 0) > limit) {
      reject(tooLarge(limit));
      return;
    }
    let first: Buffer | undefined;
    let chunks: Buffer[] | undefined;
    let length = 0;
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length > limit) {
        request.pause();
        reject(tooLarge(limit));
      } else if (first === undefined) first = chunk;
      else {
        chunks ??= [first];
        chunks.push(chunk);
      }
    });
    request.on("end", () => resolve(chunks === undefined ? (first ?? Buffer.alloc(0)) : Buffer.concat(chunks, length)));
    request.on("error", (cause) => reject(badRequest("the request's body ended early", { cause })));
    request.on("aborted", () => reject(badRequest("the request's body ended early")));
  });
}

const tooLarge = (limit: number): Error => requestEntityTooLarge(`limit is ${limit}`);
