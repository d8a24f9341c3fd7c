/**
 * A part of the node that is started once and runs until its signal aborts: API server, scheduler, kubelet and so on.
 * `src/node` decides in which process or thread each one runs; a component never starts another.
 */
export interface Component {
  readonly name: string;
  /**
   * Resolves when the component serves (is ready, caches synced); rejects when it cannot start. Aborting `signal`
   * stops it, also while it starts.
   */
  start(signal: AbortSignal): Promise<RunningComponent>;
}

export interface RunningComponent {
  /** Resolves after an orderly stop; rejects when the component died, upon which it is started again with back-off. */
  readonly done: Promise<void>;
}
