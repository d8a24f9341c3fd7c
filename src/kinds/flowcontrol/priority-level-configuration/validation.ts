/** A priority level is exempt, or limited with what belongs to that. */
import { type FieldError, forbiddenField, invalidValue, required } from "../../../machinery/errors/field-error.ts";
import { checkOneOf } from "../../field-checks.ts";
import type {
  LimitedPriorityLevelConfiguration,
  LimitResponse,
  PriorityLevelConfiguration,
  PriorityLevelConfigurationSpec,
  QueuingConfiguration,
} from "../../generated/flowcontrol-v1.ts";
import { semanticEqual } from "../../semantic-equal.ts";
import { mandatoryPriorityLevels } from "../bootstrap-objects.ts";

const maximumQueues = 10_000_000;
/** A request's queues are dealt by a hash that has no more bits to spare. */
const maximumEntropyBits = 60;

export function validatePriorityLevelConfiguration({ metadata, spec }: PriorityLevelConfiguration): FieldError[] {
  const name = metadata?.name ?? "";
  const given = spec ?? { type: "" };
  const errors = checkOneOf("spec.type", given.type, ["Exempt", "Limited"]);
  if ((name === "exempt") !== (given.type === "Exempt")) {
    errors.unshift(invalidValue("spec.type", given.type, "must be 'Exempt' if and only if `name` is 'exempt'"));
  }
  return [...errors, ...checkUnion(given), ...checkMandatory(name, given)];
}

function checkUnion({ type, exempt, limited }: PriorityLevelConfigurationSpec): FieldError[] {
  if (type === "Exempt") {
    return [
      ...(limited === undefined ? [] : [forbiddenField("spec.limited", "must be nil if the type is not Limited")]),
      ...checkShares("spec.exempt", exempt),
    ];
  }
  if (type !== "Limited") return [];
  return [
    ...(exempt === undefined ? [] : [forbiddenField("spec.exempt", "must be nil if the type is Limited")]),
    ...(limited === undefined
      ? [required("spec.limited", "must not be empty when type is Limited")]
      : checkLimited(limited)),
  ];
}

function checkLimited(limited: LimitedPriorityLevelConfiguration): FieldError[] {
  const path = "spec.limited";
  const { borrowingLimitPercent: percent } = limited;
  const errors = [...checkShares(path, limited), ...checkLimitResponse(limited.limitResponse)];
  if (percent !== undefined && percent < 0) {
    const detail = "if specified, must be a non-negative integer";
    errors.push(invalidValue(`${path}.borrowingLimitPercent`, percent, detail));
  }
  return errors;
}

function checkShares(
  path: string,
  level: Pick<LimitedPriorityLevelConfiguration, "nominalConcurrencyShares" | "lendablePercent"> | undefined,
): FieldError[] {
  const { nominalConcurrencyShares: shares = 0, lendablePercent: percent = 0 } = level ?? {};
  const errors: FieldError[] = [];
  if (shares < 0) {
    errors.push(invalidValue(`${path}.nominalConcurrencyShares`, shares, "must be a non-negative integer"));
  }
  if (percent < 0 || percent > 100) {
    errors.push(invalidValue(`${path}.lendablePercent`, percent, "must be between 0 and 100, inclusive"));
  }
  return errors;
}

function checkLimitResponse(response: LimitResponse | undefined): FieldError[] {
  const path = "spec.limited.limitResponse";
  const { type, queuing } = response ?? { type: "" };
  const errors = checkOneOf(`${path}.type`, type, ["Queue", "Reject"]);
  if (type === "Reject" && queuing !== undefined) {
    const detail = "must be nil if limited.limitResponse.type is not Limited";
    errors.push(forbiddenField(`${path}.queuing`, detail));
  }
  if (type !== "Queue") return errors;
  if (queuing !== undefined) return checkQueuing(queuing, `${path}.queuing`);
  return [required(`${path}.queuing`, "must not be empty if limited.limitResponse.type is Limited")];
}

function checkQueuing(queuing: QueuingConfiguration, path: string): FieldError[] {
  const { queues = 0, handSize = 0, queueLengthLimit = 0 } = queuing;
  const errors: FieldError[] = [];
  const refuse = (field: keyof QueuingConfiguration, value: number, detail: string): void => {
    errors.push(invalidValue(`${path}.${field}`, value, detail));
  };
  if (queueLengthLimit <= 0) refuse("queueLengthLimit", queueLengthLimit, "must be positive");
  if (queues <= 0) refuse("queues", queues, "must be positive");
  else if (queues > maximumQueues) refuse("queues", queues, `must not be greater than ${maximumQueues}`);
  if (handSize <= 0) refuse("handSize", handSize, "must be positive");
  else if (handSize > queues) refuse("handSize", handSize, `should not be greater than queues (${queues})`);
  else if (Math.ceil(Math.log2(queues) * handSize) > maximumEntropyBits) {
    const detail = `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${maximumEntropyBits}`;
    refuse("handSize", handSize, detail);
  }
  return errors;
}

/** The mandatory levels stay as they are; of `exempt` the shares may be changed. */
function checkMandatory(name: string, spec: PriorityLevelConfigurationSpec): FieldError[] {
  const fixed = mandatoryPriorityLevels().find(({ metadata }) => metadata?.name === name)?.spec;
  if (fixed === undefined) return [];
  const exempt = name === "exempt";
  if (semanticEqual(exempt ? { ...spec, exempt: fixed.exempt } : spec, fixed)) return [];
  const except = exempt ? " except the 'spec.exempt' field" : "";
  return [invalidValue("spec", spec, `spec of '${name}'${except} must equal the fixed value`)];
}
