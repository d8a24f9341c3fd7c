/** A claim starts pending; its data source is written in the old and in the new field. */
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from "../../generated/core-v1.ts";

export function prepareForCreate(claim: PersistentVolumeClaim): void {
  claim.status = { phase: "Pending" };
  if (claim.spec === undefined) return;
  dropUnknownDataSource(claim.spec);
  normalizeDataSources(claim.spec);
}

export function prepareForUpdate(claim: PersistentVolumeClaim): void {
  if (claim.spec !== undefined) normalizeDataSources(claim.spec);
}

function normalizeDataSources(spec: PersistentVolumeClaimSpec): void {
  const { dataSource, dataSourceRef } = spec;
  if (dataSource !== undefined && dataSourceRef === undefined) spec.dataSourceRef = { ...dataSource };
  if (dataSource === undefined && dataSourceRef !== undefined && !dataSourceRef.namespace) {
    const { namespace: _namespace, ...local } = dataSourceRef;
    spec.dataSource = local;
  }
}

/** The old field takes claims and snapshots alone; anything else is dropped without a word, as it always was. */
function dropUnknownDataSource(spec: PersistentVolumeClaimSpec): void {
  const { apiGroup = "", kind } = spec.dataSource ?? {};
  const isClaim = apiGroup === "" && kind === "PersistentVolumeClaim";
  const isSnapshot = apiGroup === "snapshot.storage.k8s.io" && kind === "VolumeSnapshot";
  if (spec.dataSource !== undefined && !isClaim && !isSnapshot) delete spec.dataSource;
}
