// Checkpoints of a training run.

/** Where a run's checkpoint is kept: one, replaced atomically. */
export interface CheckpointStore {
  /** Replaces the checkpoint; a failure leaves the last one as it was. */
  save(bytes: Uint8Array): Promise<void>;
  /** The checkpoint, or null where there is none. */
  load(): Promise<Uint8Array | null>;
}

/** Keeps the checkpoint in a file, through a temporary name, a flush and a rename. */
export function fileCheckpoints(_path: string): CheckpointStore {
  throw new Error("not written");
}
