/**
 * Writes Events about objects (core/v1, as kubectl reads them). Repeats of one event raise the count of the first
 * (client-go's EventCorrelator: same object, type, reason and message); many that differ by message alone are
 * combined; an object that floods is cut off. Recording never blocks nor fails the caller.
 */

import type { Event, ObjectReference } from "../kinds/generated/core-v1.ts";
import { type Clock, formatTime, systemClock } from "../lib/clock.ts";
import { createLogger } from "../lib/log.ts";
import { isAlreadyExists, isNotFound, StatusError } from "../machinery/errors/status-error.ts";
import type { KubernetesObject } from "../machinery/meta/object.ts";
import { createSpamFilter } from "./event-spam-filter.ts";
import { events } from "./resources.ts";
import type { Client, EventRecorder } from "./types.ts";

export interface EventSource {
  /** `deployment-controller`. */
  readonly component: string;
  readonly host?: string;
}

const maximumCachedEvents = 4096;
/** client-go's aggregator: more than this many messages for one reason within the interval become one. */
const maximumSimilarEvents = 10;
const similarIntervalMs = 600_000;
/** To find a name that no other recorder has given to an event. */
const maximumAttempts = 5;
const log = createLogger("events");

interface Similar {
  messages: Set<string>;
  lastAt: number;
}

/** Records in the order of the calls, without blocking the caller; what cannot be written is logged. */
export function createEventRecorder(client: Client, source: EventSource, clock: Clock = systemClock): EventRecorder {
  const written = new Map<string, Event>();
  const similar = new Map<string, Similar>();
  const admits = createSpamFilter(clock);
  // Not from 0: recorders of other components tell of the same object, perhaps in the same millisecond.
  let sequence = Math.floor(Math.random() * nanosecondsInMs);
  let tail: Promise<void> = Promise.resolve();

  function combine(reference: ObjectReference, type: string, reason: string, message: string): string {
    const key = [referenceKey(reference), type, reason].join("\n");
    const now = clock.now();
    const known = similar.get(key);
    const group = known !== undefined && now - known.lastAt < similarIntervalMs ? known : newGroup();
    group.lastAt = now;
    group.messages.add(message);
    remember(similar, key, group);
    return group.messages.size > maximumSimilarEvents ? `(combined from similar events): ${message}` : message;
    function newGroup(): Similar {
      return { messages: new Set(), lastAt: now };
    }
  }

  function identity(reference: ObjectReference, type: string, reason: string, message: string): string {
    const combined = message.startsWith("(combined from similar events): ");
    return [referenceKey(reference), reference.fieldPath, type, reason, combined ? "" : message].join("\n");
  }

  async function write(reference: ObjectReference, type: string, reason: string, message: string): Promise<void> {
    const now = formatTime(clock.now());
    const text = combine(reference, type, reason, message);
    const key = identity(reference, type, reason, text);
    const previous = written.get(key);
    if (previous !== undefined) {
      const patched = await repeat(client, previous, { message: text, lastTimestamp: now });
      if (patched !== undefined) return remember(written, key, patched);
    }
    const namespace = reference.namespace || "default";
    const event: Omit<Event, "metadata"> = {
      involvedObject: reference,
      type,
      reason,
      message: text,
      source: { component: source.component, ...(source.host === undefined ? {} : { host: source.host }) },
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
      reportingComponent: source.component,
      reportingInstance: source.host ?? "",
    };
    remember(written, key, await create(event, reference.name ?? "", namespace));
  }

  async function create(event: Omit<Event, "metadata">, about: string, namespace: string): Promise<Event> {
    for (let attempt = 1; ; attempt++) {
      try {
        const metadata = { name: eventName(about, clock.now(), sequence++), namespace };
        return await client.of(events).create({ ...event, metadata });
      } catch (error) {
        if (!isAlreadyExists(error) || attempt === maximumAttempts) throw error;
      }
    }
  }

  return {
    event(about, type, reason, message, fieldPath) {
      const reference = { ...referenceTo(about), ...(fieldPath === undefined ? {} : { fieldPath }) };
      if (!admits(`${source.component}\n${referenceKey(reference)}`)) return;
      tail = tail
        .then(() => write(reference, type, reason, message))
        .catch((error: unknown) => {
          // A namespace that is being deleted takes no new events: nothing to tell anybody.
          if (isNotFound(error) || (error instanceof StatusError && error.reason === "Forbidden")) return;
          log.warn("event was not recorded", { reason, about: reference.name, error });
        });
    },
  };
}

const nanosecondsInMs = 1_000_000;

/** As client-go's: the object's name and a time in nanoseconds, of which the sequence stands for those that no clock gives. */
function eventName(about: string, now: number, sequence: number): string {
  const time = BigInt(now) * BigInt(nanosecondsInMs) + BigInt(sequence % nanosecondsInMs);
  return `${about}.${time.toString(16)}`;
}

/** Raises the count of an event written before; undefined where it is gone meanwhile. */
async function repeat(client: Client, previous: Event, change: Partial<Event>): Promise<Event | undefined> {
  const { name = "", namespace = "" } = previous.metadata ?? {};
  try {
    const patch = { ...change, count: (previous.count ?? 1) + 1 };
    const patched = await client.of(events).patch(name, patch, { type: "strategic", namespace });
    return { ...previous, ...patch, metadata: { ...previous.metadata, ...patched.metadata } };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

export function referenceTo(object: KubernetesObject): ObjectReference {
  const { name, namespace, uid, resourceVersion } = object.metadata ?? {};
  return { apiVersion: object.apiVersion, kind: object.kind, name, namespace, uid, resourceVersion };
}

const referenceKey = (reference: ObjectReference): string =>
  [reference.apiVersion, reference.kind, reference.namespace, reference.name, reference.uid].join("\n");

/** Keeps the newest entries; a Map iterates in the order of insertion. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > maximumCachedEvents) map.delete(map.keys().next().value as string);
}
