// Looks at every shape of a space within a budget.
import { HandheldError } from "../errors.ts";
import { nextTurn } from "../turn.ts";
import type { Evaluated } from "./evaluate.ts";
import { type Budget, countShapes, stemsOf } from "./space.ts";

/** What a search over shapes reports as it goes: done of total. */
export type ShapeProgress = (done: number, total: number) => void;

/** Options of a search over shapes. */
export interface LookOptions {
  signal?: AbortSignal | undefined;
  onProgress?: ShapeProgress | undefined;
}

/** Judges every shape. @throws HandheldError `aborted` */
export async function enumerateShapes(
  evaluated: Evaluated,
  budget: Budget,
  { signal, onProgress }: LookOptions = {},
): Promise<void> {
  const { space } = evaluated;
  const total = countShapes(space, budget);
  for (const { ffnFrom, ffnTo, ...stem } of stemsOf(space, budget)) {
    for (let ffnWidth = ffnFrom; ffnWidth <= ffnTo; ffnWidth += space.ffnStep) {
      evaluated.add({ ...stem, ffnWidth });
      if (evaluated.seen % 4096 === 0) await pause(evaluated.seen, total, signal, onProgress);
    }
  }
  onProgress?.(evaluated.seen, total);
}

/** Lets the rest of the program in. @throws HandheldError `aborted` */
export async function pause(
  done: number,
  total: number,
  signal: AbortSignal | undefined,
  onProgress: ShapeProgress | undefined,
): Promise<void> {
  onProgress?.(done, total);
  await nextTurn();
  if (signal?.aborted) throw new HandheldError("aborted", "stopped while searching");
}
