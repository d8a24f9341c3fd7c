/** Probes and lifecycle hooks of a container. */
import { type FieldError, forbiddenField, invalidValue, required } from "../../../../machinery/errors/field-error.ts";
import { isHttpHeaderName } from "../../../../machinery/validation/names.ts";
import { checkNonNegative, checkOptionalOneOf, checkPortOrName, checkText } from "../../../field-checks.ts";
import type { Container, HTTPGetAction, Lifecycle, LifecycleHandler, Probe } from "../../../generated/core-v1.ts";

type Handler = Pick<Probe, "exec" | "httpGet" | "tcpSocket" | "grpc"> & Pick<LifecycleHandler, "sleep">;

export interface ProbeRules {
  /** terminationGracePeriodSeconds of the pod. */
  readonly gracePeriod: number | undefined;
  readonly os: string | undefined;
}

export function validateProbes(container: Container, path: string, rules: ProbeRules): FieldError[] {
  const { lifecycle, livenessProbe, readinessProbe, startupProbe } = container;
  return [
    ...(lifecycle === undefined ? [] : validateLifecycle(lifecycle, `${path}.lifecycle`, rules)),
    ...(livenessProbe === undefined ? [] : validateOneShotProbe(livenessProbe, `${path}.livenessProbe`, rules)),
    ...(readinessProbe === undefined ? [] : validateReadinessProbe(readinessProbe, `${path}.readinessProbe`, rules)),
    ...(startupProbe === undefined ? [] : validateOneShotProbe(startupProbe, `${path}.startupProbe`, rules)),
  ];
}

/** Liveness and startup probes: one success is enough. */
function validateOneShotProbe(probe: Probe, path: string, rules: ProbeRules): FieldError[] {
  const errors = validateProbe(probe, path, rules);
  if (probe.successThreshold !== 1) {
    errors.push(invalidValue(`${path}.successThreshold`, probe.successThreshold ?? 0, "must be 1"));
  }
  return errors;
}

function validateReadinessProbe(probe: Probe, path: string, rules: ProbeRules): FieldError[] {
  const errors = validateProbe(probe, path, rules);
  const { terminationGracePeriodSeconds: period } = probe;
  if (period !== undefined) {
    errors.push(invalidValue(`${path}.terminationGracePeriodSeconds`, period, "must not be set for readinessProbes"));
  }
  return errors;
}

function validateProbe(probe: Probe, path: string, rules: ProbeRules): FieldError[] {
  const { terminationGracePeriodSeconds: period } = probe;
  return [
    ...validateHandler(probe, path, rules),
    ...checkNonNegative(`${path}.initialDelaySeconds`, probe.initialDelaySeconds),
    ...checkNonNegative(`${path}.timeoutSeconds`, probe.timeoutSeconds),
    ...checkNonNegative(`${path}.periodSeconds`, probe.periodSeconds),
    ...checkNonNegative(`${path}.successThreshold`, probe.successThreshold),
    ...checkNonNegative(`${path}.failureThreshold`, probe.failureThreshold),
    ...(period !== undefined && period <= 0
      ? [invalidValue(`${path}.terminationGracePeriodSeconds`, period, "must be greater than 0")]
      : []),
  ];
}

function validateHandler(handler: Handler, path: string, { gracePeriod }: ProbeRules): FieldError[] {
  const { exec, httpGet, tcpSocket, grpc, sleep } = handler;
  const checks: [string, boolean, () => FieldError[]][] = [
    ["exec", !!exec, () => (exec?.command?.length ? [] : [required(`${path}.exec.command`)])],
    ["httpGet", !!httpGet, () => (httpGet ? validateHttpGet(httpGet, `${path}.httpGet`) : [])],
    ["tcpSocket", !!tcpSocket, () => checkPortOrName(`${path}.tcpSocket.port`, tcpSocket?.port)],
    ["grpc", !!grpc, () => checkPortOrName(`${path}.grpc.port`, grpc?.port)],
    ["sleep", !!sleep, () => validateSleep(sleep?.seconds ?? 0, gracePeriod, `${path}.sleep`)],
  ];
  const given = checks.filter(([, present]) => present);
  if (given.length === 0) return [required(path, "must specify a handler type")];
  return given.flatMap(([name, , check], index) =>
    index === 0 ? check() : [forbiddenField(`${path}.${name}`, "may not specify more than 1 handler type")],
  );
}

function validateHttpGet({ path: url, port, scheme, httpHeaders }: HTTPGetAction, path: string): FieldError[] {
  return [
    ...(url ? [] : [required(`${path}.path`)]),
    ...checkPortOrName(`${path}.port`, port),
    ...checkOptionalOneOf(`${path}.scheme`, scheme ?? "", ["HTTP", "HTTPS"]),
    ...(httpHeaders ?? []).flatMap(({ name }) => checkText(`${path}.httpHeaders`, name, isHttpHeaderName)),
  ];
}

function validateSleep(seconds: number, gracePeriod: number | undefined, path: string): FieldError[] {
  if (gracePeriod === undefined || (seconds >= 0 && seconds <= gracePeriod)) return [];
  const detail = `must be non-negative and less than terminationGracePeriodSeconds (${gracePeriod})`;
  return [invalidValue(path, seconds, detail)];
}

function validateLifecycle(
  { postStart, preStop, stopSignal }: Lifecycle,
  path: string,
  rules: ProbeRules,
): FieldError[] {
  const errors = [
    ...(postStart === undefined ? [] : validateHandler(postStart, `${path}.postStart`, rules)),
    ...(preStop === undefined ? [] : validateHandler(preStop, `${path}.preStop`, rules)),
  ];
  if (stopSignal !== undefined && rules.os === undefined) {
    const detail = "may not be set for containers with empty `spec.os.name`";
    errors.push(forbiddenField(`${path}.stopSignal`, detail));
  }
  return errors;
}
