/** The template's generation, which apps/v1 shows as an annotation. */
import type { DaemonSet } from "../../generated/apps-v1.ts";
import { semanticEqual } from "../../semantic-equal.ts";

export const templateGenerationAnnotation = "deprecated.daemonset.template.generation";

const templateGeneration = ({ metadata }: DaemonSet): number =>
  Number(metadata?.annotations?.[templateGenerationAnnotation] ?? 0) || 0;

function setTemplateGeneration(set: DaemonSet, generation: number): void {
  set.metadata ??= {};
  set.metadata.annotations = { ...set.metadata.annotations, [templateGenerationAnnotation]: String(generation) };
}

export function prepareForCreate(set: DaemonSet): void {
  set.status = { currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 };
  setTemplateGeneration(set, Math.max(templateGeneration(set), 1));
}

export function prepareForUpdate(set: DaemonSet, old: DaemonSet): void {
  const changed = !semanticEqual(set.spec?.template, old.spec?.template);
  setTemplateGeneration(set, templateGeneration(old) + (changed ? 1 : 0));
}
