/**
 * API priority and fairness: which FlowSchema a request belongs to, and whether the PriorityLevelConfiguration that it
 * leads to has a seat for it, as k8s.io/apiserver/pkg/util/flowcontrol decides. Fed by the request handler after
 * authentication and, through the reader, by the objects of flowcontrol.apiserver.k8s.io; feeds the metrics, and says in
 * each FlowSchema's status whether its level exists.
 *
 * What runs in one turn of the event loop has its seat for no time at all, so that seats bound what is under way at once:
 * writes on their way to disk, and calls of webhooks. A request is one seat wide.
 */

import { mandatoryFlowSchemas, mandatoryPriorityLevels } from "../../kinds/flowcontrol/bootstrap-objects.ts";
import type { FlowSchema, PriorityLevelConfiguration } from "../../kinds/generated/flowcontrol-v1.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Logger } from "../../lib/log.ts";
import type { ObjectReader, ObjectWriter, UserInfo } from "../types.ts";
import { adjustBorrowing } from "./borrowing.ts";
import { writeDangling } from "./dangling.ts";
import { type DescribedRequest, FlowRequest } from "./flow-request.ts";
import { ActiveFlowSchema, type ClassifiedRequest } from "./flow-schema.ts";
import { renderFlowMetrics } from "./metrics.ts";
import { isUsable, PriorityLevel } from "./priority-level.ts";

const group = "flowcontrol.apiserver.k8s.io";
const levelPlural = "prioritylevelconfigurations";
const schemaPlural = "flowschemas";
const borrowingPeriodMs = 10_000;
/** Upstream's --max-requests-inflight and --max-mutating-requests-inflight together. */
const defaultSeats = 600;
const noHand: readonly number[] = [];

export interface FlowControlParts {
  readonly reader: ObjectReader;
  readonly writer: ObjectWriter;
  readonly clock: Clock;
  readonly log: Logger;
  /** Seats of all levels together. Default: 600. */
  readonly seats?: number;
}

export class FlowControl {
  readonly #parts: FlowControlParts;
  readonly #stops: (() => void)[] = [];
  #levels = new Map<string, PriorityLevel>();
  /** By precedence. */
  #schemas: readonly ActiveFlowSchema[] = [];
  #pending: NodeJS.Immediate | undefined;
  #closed = false;

  /** Takes what is stored already. Without any objects the mandatory ones are imagined. */
  constructor(parts: FlowControlParts) {
    this.#parts = parts;
    this.#digest();
    for (const plural of [levelPlural, schemaPlural]) {
      this.#stops.push(parts.reader.subscribe(group, plural, () => this.#digestSoon()));
    }
    this.#borrowLater();
  }

  /** Classifies a request and asks for its seat; see FlowRequest for what comes next. */
  start(info: DescribedRequest, user: UserInfo): FlowRequest {
    const schema = this.#classify(info, user);
    const request = new FlowRequest({ schema, info, user }, this.#parts.clock, this.#becameIdle);
    request.start(schema.level.queuing === undefined ? noHand : schema.handOf(info, user));
    return request;
  }

  /** In Prometheus' text form. */
  renderMetrics(): string {
    return renderFlowMetrics(this.levels());
  }

  /** The levels at this moment, to look into. */
  levels(): PriorityLevel[] {
    return [...this.#levels.values()];
  }

  /** Whether it follows the objects that configure it. */
  get running(): boolean {
    return !this.#closed;
  }

  close(): void {
    this.#closed = true;
    clearImmediate(this.#pending);
    for (const stop of this.#stops.splice(0)) stop();
  }

  #classify(info: ClassifiedRequest, user: UserInfo): ActiveFlowSchema {
    for (const schema of this.#schemas) if (schema.matches(info, user)) return schema;
    // Who is neither authenticated nor unauthenticated is nobody that the catch-all names, and is caught all the same.
    return this.#schemas.at(-1) as ActiveFlowSchema;
  }

  readonly #becameIdle = (): void => this.#digestSoon();

  #borrowLater(): void {
    const { clock } = this.#parts;
    const cancel = clock.schedule(borrowingPeriodMs, () => {
      this.#stops.splice(this.#stops.indexOf(cancel), 1);
      adjustBorrowing(this.#levels.values(), clock.now());
      this.#borrowLater();
    });
    this.#stops.push(cancel);
  }

  /** One digest for all changes of a turn. */
  #digestSoon(): void {
    if (this.#closed) return;
    this.#pending ??= setImmediate(() => {
      this.#pending = undefined;
      this.#digest();
    });
  }

  #digest(): void {
    const { reader, clock } = this.#parts;
    const now = clock.now();
    const stored = reader.list<PriorityLevelConfiguration>(group, levelPlural).filter(isUsable);
    const wanted = withMandatory(stored, mandatoryPriorityLevels());
    const named = new Set(stored.map(nameOf));
    const levels = new Map<string, PriorityLevel>();
    for (const configuration of wanted) {
      const name = nameOf(configuration);
      const level = this.#levels.get(name) ?? new PriorityLevel(configuration, now);
      level.configure(configuration);
      levels.set(name, level);
    }
    const schemas = reader.list<FlowSchema>(group, schemaPlural);
    this.#activate(schemas, levels);
    for (const [name, level] of this.#levels) {
      if (levels.has(name) || level.queues.idle) continue;
      // It drains with its share of the seats.
      level.leaving = true;
      levels.set(name, level);
    }
    this.#levels = levels;
    const shares = [...levels.values()].reduce((total, level) => total + level.shares, 0);
    for (const level of levels.values()) level.share(this.#parts.seats ?? defaultSeats, shares);
    adjustBorrowing(levels.values(), now);
    for (const schema of schemas) this.#report(schema, named);
  }

  #activate(stored: readonly FlowSchema[], levels: ReadonlyMap<string, PriorityLevel>): void {
    const schemas = withMandatory(
      stored.filter(({ spec }) => levels.has(spec?.priorityLevelConfiguration.name ?? "")),
      mandatoryFlowSchemas(),
    ).map((schema) => {
      const level = levels.get(schema.spec?.priorityLevelConfiguration.name ?? "") as PriorityLevel;
      return new ActiveFlowSchema(schema, level);
    });
    this.#schemas = schemas.sort((a, b) => a.precedence - b.precedence || (a.name < b.name ? -1 : 1));
  }

  #report(schema: FlowSchema, levels: ReadonlySet<string>): void {
    const { writer, clock, log } = this.#parts;
    const exists = levels.has(schema.spec?.priorityLevelConfiguration.name ?? "");
    writeDangling({ writer, clock }, schema, exists)?.catch((error: unknown) => {
      if (!this.#closed) log.warn("cannot say whether a flow schema is dangling", { name: nameOf(schema), error });
    });
  }
}

const nameOf = ({ metadata }: { readonly metadata?: { readonly name?: string | undefined } | undefined }): string =>
  metadata?.name ?? "";

/** The stored objects, and those mandatory ones that are not among them. */
function withMandatory<T extends Parameters<typeof nameOf>[0]>(stored: readonly T[], mandatory: readonly T[]): T[] {
  const names = new Set(stored.map(nameOf));
  return [...stored, ...mandatory.filter((one) => !names.has(nameOf(one)))];
}
