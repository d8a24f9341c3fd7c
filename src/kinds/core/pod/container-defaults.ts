/** Defaults of one container of a pod or pod template (SetDefaults_Container, _Probe, _HTTPGetAction). */
import type { Container, EphemeralContainer, HTTPGetAction, Probe } from "../../generated/core-v1.ts";
import { roundUpRequirements } from "../resource-list.ts";
import { imageTag } from "./image-name.ts";

export const defaultPullPolicy = (image: string | undefined): string =>
  imageTag(image ?? "") === "latest" ? "Always" : "IfNotPresent";

export function applyContainerDefaults(container: Container | EphemeralContainer): void {
  container.imagePullPolicy ||= defaultPullPolicy(container.image);
  container.terminationMessagePath ||= "/dev/termination-log";
  container.terminationMessagePolicy ||= "File";
  container.resources ??= {};
  roundUpRequirements(container.resources);
  for (const port of container.ports ?? []) port.protocol ||= "TCP";
  for (const { valueFrom } of container.env ?? []) {
    if (valueFrom?.fieldRef !== undefined) valueFrom.fieldRef.apiVersion ||= "v1";
    if (valueFrom?.fileKeyRef !== undefined) valueFrom.fileKeyRef.optional ??= false;
  }
  for (const probe of [container.livenessProbe, container.readinessProbe, container.startupProbe]) {
    if (probe !== undefined) applyProbeDefaults(probe);
  }
  applyHttpGetDefaults(container.lifecycle?.postStart?.httpGet);
  applyHttpGetDefaults(container.lifecycle?.preStop?.httpGet);
}

function applyProbeDefaults(probe: Probe): void {
  probe.timeoutSeconds ||= 1;
  probe.periodSeconds ||= 10;
  probe.successThreshold ||= 1;
  probe.failureThreshold ||= 3;
  applyHttpGetDefaults(probe.httpGet);
  if (probe.grpc !== undefined) probe.grpc.service ??= "";
}

function applyHttpGetDefaults(action: HTTPGetAction | undefined): void {
  if (action === undefined) return;
  action.path ||= "/";
  action.scheme ||= "HTTP";
}
