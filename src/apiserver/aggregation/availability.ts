/** Asks extension servers every now and then what they serve, and says so in their APIService's Available condition. */
import { localAvailability } from "../../kinds/apiregistration/api-service/availability.ts";
import type { APIService, APIServiceCondition } from "../../kinds/generated/apiregistration-v1.ts";
import { formatTime } from "../../lib/clock.ts";
import { isNotFound, StatusError } from "../../machinery/errors/status-error.ts";
import type { UnknownObject } from "../../machinery/meta/object.ts";
import type { ProxyTarget } from "../streaming/http-proxy.ts";
import type { AggregatedVersion } from "./discovered.ts";
import type { AggregationParts, Backend } from "./index.ts";
import { getRemoteJson } from "./remote-json.ts";

/** Between checks of a server that answers, and of one that does not. */
const availablePeriodMs = 30_000;
const unavailablePeriodMs = 1_000;

type Outcome = Pick<APIServiceCondition, "status" | "reason" | "message">;

interface Followed {
  readonly backend: Backend;
  timer: NodeJS.Timeout | undefined;
  served: AggregatedVersion | undefined;
}

export interface AvailabilityEvents {
  /** Where to ask what a server serves. Throws StatusError 503 where no endpoint is ready. */
  target(backend: Backend): ProxyTarget;
  /** `served` of some server says something else now. */
  changed(): void;
  /** A check has passed. */
  passed(backend: Backend): void;
}

export class Availability {
  readonly #parts: AggregationParts;
  readonly #events: AvailabilityEvents;
  readonly #followed = new Map<string, Followed>();

  constructor(parts: AggregationParts, events: AvailabilityEvents) {
    this.#parts = parts;
    this.#events = events;
  }

  close(): void {
    for (const { timer } of this.#followed.values()) clearTimeout(timer);
    this.#followed.clear();
  }

  /** What the server said last; undefined while it is not available. */
  served({ name }: Backend): AggregatedVersion | undefined {
    return this.#followed.get(name)?.served;
  }

  /** An APIService without a Service is this server's own. */
  local({ metadata, status }: APIService): void {
    const condition = status?.conditions?.find(({ type }) => type === "Available");
    if (condition?.status === "True" && condition.reason === localAvailability.reason) return;
    void this.#report(metadata?.name ?? "", localAvailability);
  }

  follow(backend: Backend): void {
    this.forget(backend.name);
    const followed: Followed = { backend, timer: undefined, served: undefined };
    this.#followed.set(backend.name, followed);
    void this.#check(followed);
  }

  forget(name: string): void {
    clearTimeout(this.#followed.get(name)?.timer);
    this.#followed.delete(name);
  }

  async #check(followed: Followed): Promise<void> {
    const { backend } = followed;
    const before = JSON.stringify(followed.served);
    const outcome = await this.#ask(followed);
    if (this.#followed.get(backend.name) !== followed) return;
    if (JSON.stringify(followed.served) !== before) this.#events.changed();
    await this.#report(backend.name, outcome);
    if (this.#followed.get(backend.name) !== followed) return;
    if (outcome.status === "True") this.#events.passed(backend);
    const period = outcome.status === "True" ? availablePeriodMs : unavailablePeriodMs;
    followed.timer = setTimeout(() => void this.#check(followed), period);
    followed.timer.unref();
  }

  async #ask(followed: Followed): Promise<Outcome> {
    const { backend } = followed;
    const { group, version, service } = backend;
    const { name, namespace } = service.spec?.service ?? {};
    const { groupPriorityMinimum: groupPriority = 0, versionPriority = 0 } = service.spec ?? {};
    try {
      const target = this.#events.target(backend);
      const list = (await getRemoteJson(target)) as Pick<AggregatedVersion, "resources"> | undefined;
      if (list === undefined) throw new Error("bad status from server: 404");
      followed.served = { group, version, groupPriority, versionPriority, resources: list.resources ?? [] };
      return { status: "True", reason: "Passed", message: "all checks passed" };
    } catch (error) {
      followed.served = undefined;
      const { message } = error as Error;
      if (!(error instanceof StatusError)) {
        const detail = `failing or missing response from https://${name}.${namespace}.svc/apis/${group}/${version}: ${message}`;
        return { status: "False", reason: "FailedDiscoveryCheck", message: detail };
      }
      if (!message.endsWith("not found")) return { status: "False", reason: "MissingEndpoints", message };
      const detail = `service/${name} in ${JSON.stringify(namespace)} is not present`;
      return { status: "False", reason: "ServiceNotFound", message: detail };
    }
  }

  /** A condition that says so already is left alone; an APIService that is gone needs none. */
  async #report(name: string, outcome: Outcome): Promise<void> {
    const { writer, clock, log } = this.#parts;
    const target = {
      group: "apiregistration.k8s.io",
      plural: "apiservices",
      namespace: "",
      name,
      subresource: "status",
    };
    try {
      await writer.modify(target, (current) => withCondition(current, outcome, formatTime(clock.now())));
    } catch (error) {
      if (isNotFound(error)) return;
      log.warn("APIService status", { name, error: String(error) });
    }
  }
}

function withCondition(current: UnknownObject, outcome: Outcome, now: string): UnknownObject | undefined {
  const { status } = current as unknown as APIService;
  const old = status?.conditions?.find(({ type }) => type === "Available");
  if (old?.status === outcome.status && old.reason === outcome.reason && old.message === outcome.message) {
    return undefined;
  }
  const lastTransitionTime = old?.status === outcome.status ? old.lastTransitionTime : now;
  const others = status?.conditions?.filter(({ type }) => type !== "Available") ?? [];
  return {
    ...current,
    status: { ...status, conditions: [...others, { type: "Available", lastTransitionTime, ...outcome }] },
  };
}
