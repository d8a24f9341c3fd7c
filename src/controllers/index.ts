/**
 * The controller manager: every controller in one component, on one client and one set of informers. Fed by the API
 * server's watches alone; feeds the API server.
 */

import { createEventRecorder } from "../client/recorder.ts";
import type { Client, EventRecorder, Informers } from "../client/types.ts";
import { type Clock, systemClock } from "../lib/clock.ts";
import type { Component } from "../lib/component.ts";
import { type CertificateControllerOptions, createCertificateController } from "./certificates/certificate-signing.ts";
import { clusterRoleAggregationController } from "./clusterrole-aggregation/cluster-role-aggregation.ts";
import { cronJobController } from "./cronjob/cron-job.ts";
import { daemonSetController } from "./daemonset/daemon-set.ts";
import { deploymentController } from "./deployment/deployment.ts";
import { disruptionController } from "./disruption/disruption.ts";
import { endpointsController } from "./endpoints/endpoints.ts";
import { endpointSliceController } from "./endpointslice/endpoint-slice.ts";
import { endpointSliceMirroringController } from "./endpointslice-mirroring/endpoint-slice-mirroring.ts";
import { ephemeralVolumeController } from "./ephemeral-volume/ephemeral-volume.ts";
import type { Controller } from "./framework/define-controller.ts";
import { createMetadataMonitors } from "./framework/metadata-monitors.ts";
import { createGarbageCollector } from "./garbage-collector/garbage-collector.ts";
import { createHorizontalPodAutoscalerController } from "./horizontal-pod-autoscaler/horizontal-pod-autoscaler.ts";
import { jobController } from "./job/job.ts";
import { namespaceController } from "./namespace/namespace.ts";
import { createNodeIpamController } from "./node-ipam/node-ipam.ts";
import { createNodeLifecycleController } from "./node-lifecycle/node-lifecycle.ts";
import { claimBinder } from "./persistent-volume/binder.ts";
import { volumePhaseController } from "./persistent-volume/volume-phase.ts";
import { podGarbageCollector } from "./pod-gc/pod-gc.ts";
import { replicaSetController } from "./replicaset/replica-set.ts";
import { replicationControllerController } from "./replicationcontroller/replication-controller.ts";
import { createResourceQuotaController } from "./resourcequota/resource-quota.ts";
import { createRootCaPublisher } from "./root-ca-publisher/root-ca-publisher.ts";
import { serviceCIDRController } from "./service-cidrs/service-cidr.ts";
import { serviceAccountController } from "./serviceaccount/service-account.ts";
import { statefulSetController } from "./statefulset/stateful-set.ts";
import { taintEvictionController } from "./taint-eviction/taint-eviction.ts";
import { ttlAfterFinishedController } from "./ttl-after-finished/ttl-after-finished.ts";
import {
  attributesClassProtectionController,
  claimProtectionController,
  volumeProtectionController,
} from "./volume-protection/protection.ts";

export interface ControllerManagerOptions {
  readonly client: Client;
  readonly informers: Informers;
  /** PEM of the authority that pods verify the API server with. */
  readonly rootCa: string;
  /** IPv4 range of which each node gets a /24. */
  readonly podSubnet: string;
  /** Signs certificate requests of users and kubelets; without it they stay unsigned. */
  readonly signer?: CertificateControllerOptions;
  readonly clock?: Clock;
}

/** Every controller, in the order in which they start. */
export function createControllers({
  rootCa,
  podSubnet,
  signer,
}: Pick<ControllerManagerOptions, "rootCa" | "podSubnet" | "signer">): readonly Controller[] {
  const monitors = createMetadataMonitors();
  return [
    createNodeIpamController(podSubnet),
    serviceAccountController,
    createRootCaPublisher(rootCa),
    createNodeLifecycleController(),
    taintEvictionController,
    deploymentController,
    replicaSetController,
    replicationControllerController,
    daemonSetController,
    statefulSetController,
    jobController,
    cronJobController,
    endpointSliceController,
    endpointsController,
    endpointSliceMirroringController,
    serviceCIDRController,
    createHorizontalPodAutoscalerController(),
    disruptionController,
    claimBinder,
    volumePhaseController,
    claimProtectionController,
    volumeProtectionController,
    attributesClassProtectionController,
    ephemeralVolumeController,
    ...(signer === undefined ? [] : [createCertificateController(signer)]),
    namespaceController,
    podGarbageCollector,
    clusterRoleAggregationController,
    ttlAfterFinishedController,
    createResourceQuotaController(monitors),
    createGarbageCollector(monitors),
  ];
}

/** The component; starting it resolves when every controller has synced its caches. */
export function createControllerManager(options: ControllerManagerOptions): Component {
  const { client, informers, clock = systemClock } = options;
  return {
    name: "controller-manager",
    async start(signal) {
      const { promise: done, resolve: stop } = Promise.withResolvers<void>();
      signal.addEventListener("abort", () => stop(), { once: true });
      const recorders = new Map<string, EventRecorder>();
      const environment = {
        client,
        informers,
        clock,
        recorderFor(component: string): EventRecorder {
          const recorder = recorders.get(component) ?? createEventRecorder(client, { component }, clock);
          recorders.set(component, recorder);
          return recorder;
        },
      };
      await Promise.all(createControllers(options).map((controller) => controller.start(environment, signal)));
      return { done };
    },
  };
}
