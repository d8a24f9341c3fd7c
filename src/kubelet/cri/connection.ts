/**
 * The gRPC connection to the container runtime, on a UNIX socket. Messages are encoded from a generated description
 * that is bundled as JSON, so that nothing is read from disk; both gRPC and the description load on first use.
 */
import type { Client as GrpcClient, ServiceError } from "@grpc/grpc-js";
import type { Method, Root, Type } from "protobufjs/light.js";

/** What the runtime answered instead of a result; `code` is the gRPC status code (5: NotFound, 12: Unimplemented). */
export class RuntimeError extends Error {
  readonly code: number;

  constructor(code: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "RuntimeError";
    this.code = code;
  }

  get notFound(): boolean {
    return this.code === 5;
  }

  get unimplemented(): boolean {
    return this.code === 12;
  }
}

/** `Service`: names below the connection's package. */
export interface Connection<Service extends string> {
  /** One call. `timeoutMs` undefined: no deadline. Throws RuntimeError. */
  call<R>(service: Service, method: string, request: object, options?: CallOptions): Promise<R>;
  /** A stream of answers; ends when the runtime ends it, throws RuntimeError or the signal's reason. */
  stream<R>(service: Service, method: string, request: object, signal: AbortSignal): AsyncIterable<R>;
  close(): void;
}

export type CriConnection = Connection<"RuntimeService" | "ImageService">;
/** To containerd's own services, which listen on the same socket. */
export type ContainerdConnection = Connection<"snapshots.v1.Snapshots" | "leases.v1.Leases">;

export interface CallOptions {
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Headers of the call. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** int64 as numbers: nanosecond timestamps lose what is below a quarter of a microsecond. */
const conversion = { longs: Number, enums: String, defaults: true, arrays: true, objects: true } as const;

interface Codec {
  readonly path: string;
  encode(value: object): Buffer;
  decode(bytes: Buffer): unknown;
}

export function connectToRuntime(socketPath: string): Promise<CriConnection> {
  return connect(socketPath, "runtime.v1", import("./generated/descriptor.json", { with: { type: "json" } }));
}

export function connectToContainerd(socketPath: string): Promise<ContainerdConnection> {
  const descriptor = import("./generated/containerd-descriptor.json", { with: { type: "json" } });
  return connect(socketPath, "containerd.services", descriptor);
}

async function connect<Service extends string>(
  socketPath: string,
  packageName: string,
  description: Promise<{ readonly default: object }>,
): Promise<Connection<Service>> {
  const [grpc, protobuf, descriptor] = await Promise.all([
    import("@grpc/grpc-js"),
    import("protobufjs/light.js"),
    description,
  ]);
  const root: Root = (protobuf.default ?? protobuf).Root.fromJSON(descriptor.default as never);
  const client: GrpcClient = new grpc.Client(`unix:${socketPath}`, grpc.credentials.createInsecure(), {
    "grpc.max_receive_message_length": 16 * 1024 * 1024,
    "grpc.initial_reconnect_backoff_ms": 50,
    "grpc.max_reconnect_backoff_ms": 2000,
  });
  const codecs = new Map<string, Codec>();
  const codecOf = (service: Service, name: string): Codec => {
    const path = `/${packageName}.${service}/${name}`;
    let codec = codecs.get(path);
    if (codec === undefined) {
      const method = root.lookupService(`${packageName}.${service}`).methods[name] as Method;
      codec = createCodec(path, method.resolve() as Method);
      codecs.set(path, codec);
    }
    return codec;
  };
  return {
    call: (service, method, request, options = {}) =>
      new Promise((resolve, reject) => {
        const { path, encode, decode } = codecOf(service, method);
        const deadline = options.timeoutMs === undefined ? {} : { deadline: Date.now() + options.timeoutMs };
        const metadata = new grpc.Metadata();
        for (const [name, value] of Object.entries(options.metadata ?? {})) metadata.set(name, value);
        const call = client.makeUnaryRequest(path, encode, decode, request, metadata, deadline, (error, value) => {
          options.signal?.removeEventListener("abort", cancel);
          if (error !== null) reject(toRuntimeError(error));
          else resolve(value as never);
        });
        const cancel = (): void => call.cancel();
        options.signal?.addEventListener("abort", cancel, { once: true });
      }),
    stream: async function* <R>(service: Service, method: string, request: object, signal: AbortSignal) {
      const { path, encode, decode } = codecOf(service, method);
      const call = client.makeServerStreamRequest(path, encode, decode, request);
      const cancel = (): void => call.cancel();
      signal.addEventListener("abort", cancel, { once: true });
      try {
        for await (const message of call) yield message as R;
      } catch (error) {
        signal.throwIfAborted();
        throw toRuntimeError(error as ServiceError);
      } finally {
        signal.removeEventListener("abort", cancel);
        call.cancel();
      }
    },
    close: () => client.close(),
  };
}

function createCodec(path: string, method: Method): Codec {
  const request = method.resolvedRequestType as Type;
  const response = method.resolvedResponseType as Type;
  return {
    path,
    encode: (value) => Buffer.from(request.encode(request.fromObject(value)).finish()),
    decode: (bytes) => response.toObject(response.decode(bytes), conversion),
  };
}

function toRuntimeError(error: ServiceError): RuntimeError {
  return new RuntimeError(error.code ?? 2, error.details || error.message, { cause: error });
}
