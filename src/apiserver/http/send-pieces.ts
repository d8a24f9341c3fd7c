import { once } from "node:events";
import type { Writable } from "node:stream";
import { createGzip, constants as zlib } from "node:zlib";
import type { RequestContext } from "./request-context.ts";
import { beginStream, isGone, wantsCompression } from "./respond.ts";

/** What one answer may have waiting for its client. */
const maximumUnsentBytes = 256 * 1024;
/** A client that reads nothing for so long is not reading. */
const stalledMs = 30_000;

/**
 * Answers with pieces that are made one after the other, each in a turn of its own and none before the client has read
 * what came before. Resolves when all are handed over, or the client is gone; a client that reads nothing is cut off.
 */
export async function sendPieces(
  context: RequestContext,
  code: number,
  contentType: string,
  pieces: Iterable<Buffer | undefined>,
): Promise<void> {
  const { response, work, user, request } = context;
  if (response.headersSent || isGone(response)) return;
  let target: Writable | undefined;
  for (const piece of pieces) {
    if (isGone(response)) return;
    if (piece !== undefined) {
      target ??= begin(context, code, contentType);
      if (request.method === "HEAD") break;
      target.write(piece);
      work.memory.passed(piece.length);
      if (!(await hasRoom(target, response as Writable))) return;
    }
    await work.turns.take(user.username);
  }
  (target ?? begin(context, code, contentType)).end();
}

function begin(context: RequestContext, code: number, contentType: string): Writable {
  const compressed = wantsCompression(context) && context.request.method !== "HEAD";
  const extra = compressed ? { "content-encoding": "gzip", vary: "Accept-Encoding" } : {};
  const stream = beginStream(context, code, contentType, extra);
  if (!compressed) return stream;
  const gzip = createGzip({ level: zlib.Z_BEST_SPEED });
  gzip.pipe(stream);
  gzip.on("error", () => stream.destroy());
  stream.once("close", () => gzip.destroy());
  return gzip;
}

/** False where the client is gone, or is cut off because it does not read. */
async function hasRoom(target: Writable, response: Writable): Promise<boolean> {
  if (target.writableLength < maximumUnsentBytes) return true;
  const stalled = AbortSignal.timeout(stalledMs);
  const gone = new AbortController();
  const onClose = (): void => gone.abort();
  response.once("close", onClose);
  try {
    await once(target, "drain", { signal: AbortSignal.any([stalled, gone.signal]) });
    return true;
  } catch {
    response.destroy();
    return false;
  } finally {
    response.off("close", onClose);
  }
}
