// Grammar + vocabulary -> which tokens may come next.

import type { Constrainer, ConstrainerOptions, Grammar, TokenMask } from "./types.ts";

export declare function createConstrainer(grammar: Grammar, options: ConstrainerOptions): Constrainer;
/** Sets the logits (V) of all tokens outside `mask` to -Infinity, in place. */
export declare function applyMask(logits: Float32Array, mask: TokenMask): void;
