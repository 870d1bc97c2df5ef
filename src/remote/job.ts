// What a job is: its name in words, what it takes, what it hands over, what it returns, and the function. The same job runs
// in Node and in a browser, so nothing here or in jobs/ may need either.
import type * as z from "zod";
import type { Backend, BackendOptions } from "../kernels/index.ts";

/** What a job's function gets from whoever runs it. */
export interface JobTools {
  /** Makes the kernels; on a page that is not isolated there is one thread, however many are asked for. Close them. */
  createBackend(options?: BackendOptions): Promise<Backend>;
  /** Says how far it is. `total` is null where nobody knows. */
  progress(done: number, total: number | null, note?: string): void;
  /** Hands over a part that is final, so that it is not lost with the device. */
  part(value: unknown): void;
  signal: AbortSignal;
}

/** A job. `P`, `R` and `Part` are schemas of parameters, result and parts; what comes from elsewhere is parsed by them. */
export interface Job<P extends z.ZodType, R extends z.ZodType, Part extends z.ZodType = z.ZodType> {
  /** For the reader: "Measuring the device". */
  readonly title: string;
  readonly params: P;
  readonly result: R;
  readonly part: Part;
  /** @throws HandheldError */
  run(params: z.output<P>, tools: JobTools): Promise<z.output<R>>;
  /**
   * Parameters to go on with, where the device must begin again and these parts have come. Without it the job begins from
   * the beginning, and its parts are void.
   */
  resume?(params: z.input<P>, parts: readonly z.output<Part>[]): z.input<P>;
  /** The result in a few lines for the device's own screen: what, how much. */
  summary(result: z.output<R>): [label: string, value: string][];
}

/** Declares a job with its types kept. */
export function defineJob<P extends z.ZodType, R extends z.ZodType, Part extends z.ZodType>(
  job: Job<P, R, Part>,
): Job<P, R, Part> {
  return job;
}
