/**
 * Gets images onto the machine as the pull policy of a container or volume asks, with back-off a pod and image, and
 * upstream's events and reasons.
 */
import type { Pod, Secret } from "../../kinds/generated/core-v1.ts";
import { type BackOff, createBackOff } from "../../lib/back-off.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Image, PodSandboxConfig } from "../cri/generated/messages.ts";
import type { ImageService } from "../cri/image-service.ts";
import { StartError } from "../pods/start-error.ts";
import { credentialsFor } from "./credentials.ts";
import { withDefaultTag } from "./image-name.ts";

/** Records an event about the pod or its container. */
export type ContainerEvent = (type: "Normal" | "Warning", reason: string, message: string) => void;

export interface EnsureImageInput {
  readonly pod: Pod;
  /** As the pod names it. */
  readonly image: string;
  /** Undefined: Always for the tag latest, else IfNotPresent. */
  readonly policy: string | undefined;
  readonly sandbox: PodSandboxConfig;
  readonly event: ContainerEvent;
  /** Asked only when something is pulled. */
  pullSecrets(): Promise<readonly Secret[]>;
}

export interface ImageManager {
  /** The image on the machine. Throws StartError (ErrImagePull, ImagePullBackOff, ErrImageNeverPull, …). */
  ensure(input: EnsureImageInput): Promise<Image>;
  /** Milliseconds until a pull for that pod may be tried again; undefined: now. */
  retryAfter(podUid: string): number | undefined;
  forget(podUid: string): void;
}

const initialBackOffMs = 10_000;
const maximumBackOffMs = 300_000;

interface PullState {
  readonly backOff: BackOff;
  until: number;
  lastError: string;
}

export function createImageManager(images: ImageService, clock: Clock): ImageManager {
  const states = new Map<string, Map<string, PullState>>();
  const stateOf = (uid: string, image: string): PullState => {
    const ofPod = states.get(uid) ?? new Map<string, PullState>();
    states.set(uid, ofPod);
    let state = ofPod.get(image);
    if (state === undefined) {
      const backOff = createBackOff({ initialMs: initialBackOffMs, maximumMs: maximumBackOffMs });
      state = { backOff, until: 0, lastError: "" };
      ofPod.set(image, state);
    }
    return state;
  };
  /** `tagged`: the name with its tag; messages have it as the pod does. */
  const pull = async (input: EnsureImageInput, tagged: string): Promise<Image> => {
    const { pod, event, sandbox, image } = input;
    const uid = pod.metadata?.uid ?? "";
    const state = stateOf(uid, image);
    if (clock.now() < state.until) {
      const message = `Back-off pulling image "${image}"`;
      event("Normal", "BackOff", message);
      throw new StartError("ImagePullBackOff", state.lastError === "" ? message : `${message}: ${state.lastError}`);
    }
    event("Normal", "Pulling", `Pulling image "${image}"`);
    const started = clock.now();
    try {
      await pullWithCredentials(images, tagged, sandbox, await input.pullSecrets());
      const found = await images.imageStatus({ image: tagged });
      if (found === undefined) throw new Error(`image "${image}" is not on the machine after its pull`);
      states.get(uid)?.delete(image);
      const took = `${clock.now() - started}ms`;
      event(
        "Normal",
        "Pulled",
        `Successfully pulled image "${image}" in ${took} (${took} including waiting). Image size: ${found.size ?? 0} bytes.`,
      );
      return found;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      event("Warning", "Failed", `Failed to pull image "${image}": ${message}`);
      state.until = clock.now() + state.backOff.next();
      const failure = classify(image, message);
      state.lastError = `${failure.reason}: ${failure.message}`;
      throw failure;
    }
  };
  return {
    async ensure(input) {
      const { image: requested, event } = input;
      let image: string;
      try {
        image = withDefaultTag(requested);
      } catch (error) {
        const message = `Failed to apply default image tag "${requested}": ${(error as Error).message}`;
        event("Warning", "InspectFailed", message);
        throw new StartError("InvalidImageName", message, { cause: error });
      }
      const policy = input.policy ?? (image.endsWith(":latest") ? "Always" : "IfNotPresent");
      if (policy === "Always") return pull(input, image);
      const found = await images.imageStatus({ image }).catch((error: Error) => {
        const message = `Failed to inspect image "${requested}": ${error.message}`;
        event("Warning", "InspectFailed", message);
        throw new StartError("ImageInspectError", message, { cause: error });
      });
      if (found !== undefined) {
        event(
          "Normal",
          "Pulled",
          `Container image "${requested}" already present on machine and can be accessed by the pod`,
        );
        return found;
      }
      if (policy !== "Never") return pull(input, image);
      const message = `Container image "${requested}" is not present with pull policy of Never`;
      event("Warning", "ErrImageNeverPull", message);
      throw new StartError("ErrImageNeverPull", message);
    },
    retryAfter(uid) {
      const waits = [...(states.get(uid)?.values() ?? [])].map(({ until }) => until - clock.now());
      const ahead = waits.filter((wait) => wait > 0);
      return ahead.length === 0 ? undefined : Math.min(...ahead);
    },
    forget(uid) {
      states.delete(uid);
    },
  };
}

async function pullWithCredentials(
  images: ImageService,
  image: string,
  sandbox: PodSandboxConfig,
  secrets: readonly Secret[],
): Promise<void> {
  const credentials = credentialsFor(image, secrets);
  let failure: unknown;
  for (const auth of credentials.length === 0 ? [undefined] : credentials) {
    try {
      await images.pullImage({ image: { image }, sandboxConfig: sandbox, ...(auth === undefined ? {} : { auth }) });
      return;
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

function classify(image: string, message: string): StartError {
  const unavailable = "RegistryUnavailable";
  if (message.startsWith(unavailable)) {
    const detail = message.slice(unavailable.length);
    return new StartError(unavailable, `image pull failed for ${image} because the registry is unavailable${detail}`);
  }
  const signature = "SignatureValidationFailed";
  if (message.startsWith(signature)) {
    const detail = message.slice(signature.length);
    return new StartError(signature, `image pull failed for ${image} because the signature validation failed${detail}`);
  }
  return new StartError("ErrImagePull", message);
}
