import { isProtobuf } from "../../machinery/codec/protobuf.ts";
import { badRequest, requestEntityTooLarge, StatusError } from "../../machinery/errors/status-error.ts";
import { checkKeysInText } from "../../machinery/schema/key-limit.ts";
import type { HttpRequest } from "../types.ts";
import type { RequestContext } from "./request-context.ts";
import { isGone } from "./respond.ts";

/** Upstream's default for a request's body, in bytes. */
export const maximumBodyBytes = 3 * 1024 * 1024;
/** Up to here a body is neither counted nor has to wait for its turn: nearly all are smaller. */
const smallBodyBytes = 64 * 1024;
/** Parsing YAML takes fifty times as long as parsing JSON. */
const smallYamlBytes = 4 * 1024;

/**
 * The whole body. A large one is read when there is room for it, which is given back with the answer, and what is done
 * with it then has a turn of the event loop to itself. Rejects with StatusError RequestEntityTooLarge, TooManyRequests
 * where there is no room, or BadRequest when the client breaks off.
 */
export async function readBody(context: RequestContext, limit = maximumBodyBytes): Promise<Buffer> {
  const { request } = context;
  const announced = Number(request.headers["content-length"] ?? 0);
  if (announced > limit) throw tooLarge(limit);
  const room = new BodyRoom(context);
  try {
    if (announced > smallBodyBytes) await room.reserve(announced);
    const bytes = await read(request, limit, room);
    if (bytes.length > (isYaml(request) ? smallYamlBytes : smallBodyBytes)) {
      await takeTurn(context);
      if (!isProtobuf(bytes)) checkKeysInText(bytes);
    }
    return bytes;
  } finally {
    room.settled();
  }
}

/** Resolves when long work for this request may go on. Rejects with StatusError BadRequest when the client is gone. */
export async function takeTurn({ response, work, user }: RequestContext): Promise<void> {
  await work.turns.take(user.username);
  if (isGone(response)) throw badRequest("the client is gone");
}

/** What one body has of the budget. It is given back when the client has its answer or is gone, and the body is not held here. */
class BodyRoom {
  readonly #context: RequestContext;
  #release: (() => void) | undefined;
  reserved = false;

  constructor(context: RequestContext) {
    this.#context = context;
  }

  async reserve(bytes: number): Promise<void> {
    const { work, user, signal } = this.#context;
    this.reserved = true;
    try {
      this.#release = await work.bodies.reserve(user.username, bytes, signal);
    } catch (error) {
      throw error instanceof StatusError ? error : endedEarly(error);
    }
  }

  settled(): void {
    const { response } = this.#context;
    if (this.#release === undefined) return;
    if (isGone(response)) this.#release();
    else response.once("close", this.#release);
  }
}

function read(request: HttpRequest, limit: number, room: BodyRoom): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let first: Buffer | undefined;
    let chunks: Buffer[] | undefined;
    let length = 0;
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length > limit) {
        request.pause();
        reject(tooLarge(limit));
        return;
      }
      if (first === undefined) first = chunk;
      else {
        chunks ??= [first];
        chunks.push(chunk);
      }
      if (room.reserved || length <= smallBodyBytes) return;
      // A body that does not say how long it is may become as long as any.
      request.pause();
      room.reserve(limit).then(() => request.resume(), reject);
    });
    request.on("end", () => resolve(chunks === undefined ? (first ?? Buffer.alloc(0)) : Buffer.concat(chunks, length)));
    request.on("error", (cause) => reject(endedEarly(cause)));
    request.on("aborted", () => reject(endedEarly(undefined)));
  });
}

const isYaml = ({ headers }: HttpRequest): boolean => headers["content-type"]?.includes("yaml") === true;
const tooLarge = (limit: number): Error => requestEntityTooLarge(`limit is ${limit}`);
const endedEarly = (cause: unknown): Error => badRequest("the request's body ended early", { cause });
