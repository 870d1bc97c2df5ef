// The buffers of a forward pass over up to `chunk` tokens: what they are, and how large.
import type { Backend, Ptr } from "../kernels/backend.ts";
import { layerShape, type Spec } from "../spec/spec.ts";

/** Buffers of one forward pass; 0 where the architecture does not need one. */
export interface Workspace {
  /** 0, 1, 2, … i32 [context] */
  positions: Ptr;
  /** The embedding before, and behind, the model's width [chunk, E]. */
  narrow: Ptr;
  /** Residual stream [chunk, C]. */
  x: Ptr;
  normed: Ptr;
  /** Latent vectors of queries, and of keys and values. */
  latentQuery: Ptr;
  latentKeyValue: Ptr;
  /** Queries, keys and values side by side [chunk, (H+2K)·D]. */
  qkv: Ptr;
  mixed: Ptr;
  /** Output of a branch that is normed, or input of the FFN beside attention [chunk, C]. */
  branch: Ptr;
  /** Gate and up side by side [chunk, 2F], or up alone. */
  gateUp: Ptr;
  hidden: Ptr;
  /** Quantised activations for packed matrices. */
  codes: Ptr;
  logits: Ptr;
  /** The token sampled last, i32. */
  sampled: Ptr;
  /** Bits of the tokens that may be sampled, and what sampling needs. */
  allowed: Ptr;
  sampling: Ptr;
}

/** Bytes of every buffer. */
export function workspaceBytes(
  backend: Pick<Backend, "activationBytes" | "sampleBytes">,
  spec: Spec,
  chunk: number,
): Record<keyof Workspace, number> {
  const { width: C, embeddingWidth: E, ffnWidth: F, headSize: D, vocabulary: V, latent } = spec;
  const rows = (width: number) => 4 * chunk * width;
  const shapes = Array.from({ length: spec.layers }, (_, i) => layerShape(spec, i));
  const qkvWidth = shapes.reduce((most, { heads, kvHeads }) => Math.max(most, heads + 2 * kvHeads), 0) * D;
  const sharedWidth = latent === null ? 0 : latent.keyValue + spec.ropeSize;
  const inputs = [C, E, F, spec.heads * D, latent?.query ?? 0, sharedWidth];
  const branches = spec.normPlacement === "pre" || spec.normPlacement === "stream" ? spec.parallelResidual : true;
  return {
    positions: 4 * spec.context,
    narrow: E === C ? 0 : rows(E),
    x: rows(C),
    normed: rows(C),
    latentQuery: latent === null ? 0 : rows(latent.query),
    latentKeyValue: rows(sharedWidth),
    qkv: rows(qkvWidth),
    mixed: rows(spec.heads * D),
    branch: branches ? rows(C) : 0,
    gateUp: rows(F * (spec.gated ? 2 : 1)),
    hidden: rows(F),
    codes: backend.activationBytes(chunk, Math.max(...inputs)),
    logits: 4 * V,
    sampled: 4,
    allowed: 4 * Math.ceil(V / 32),
    sampling: backend.sampleBytes(V),
  };
}
