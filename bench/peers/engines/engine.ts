// What an engine is to the comparison. Each lives in a file of its own; ./registry.ts lists them.
import type { Spec } from "../../../src/spec/spec.ts";
import type { LoadedModel, PromptSpeeds } from "../measure.ts";

/** What an engine's process is asked for. */
export interface EngineTask {
  spec: Spec;
  /** Path (in a page: URL) of the model's file; empty for an engine that makes its weights itself. */
  model: string;
  threads: number;
}

/** A loaded model, and what the engine said about itself: the variant of its kernels, its threads. */
export interface OpenedEngine extends LoadedModel {
  readonly about: string;
}

/** Loads a model with an engine; runs in a fresh process or a fresh browser. */
export type OpenEngine = (task: EngineTask) => Promise<OpenedEngine>;

/** What one process measured. */
export interface EngineReport {
  about: string;
  /** Until the model was ready; what that includes differs between engines. */
  loadMs: number;
  speeds: PromptSpeeds[];
}
