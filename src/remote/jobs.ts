// The jobs that a device can run. A new job: its file in jobs/ and one line here; every transport has it then.
import type * as z from "zod";
import { HandheldError, suggest } from "../errors.ts";
import { createBackend, detectThreads } from "../kernels/index.ts";
import type { Job, JobTools } from "./job.ts";
import { calibrateJob } from "./jobs/calibrate.ts";
import { costJob } from "./jobs/cost.ts";
import { measureJob } from "./jobs/measure.ts";
import { probeJob } from "./jobs/probe.ts";
import { verifyJob } from "./jobs/verify.ts";

/** The jobs by name. */
export const jobs = {
  probe: probeJob,
  measure: measureJob,
  calibrate: calibrateJob,
  verify: verifyJob,
  cost: costJob,
} as const;

/** Name of a job. */
export type JobName = keyof typeof jobs;
/** What a job takes. */
export type JobParams<N extends JobName> = z.input<(typeof jobs)[N]["params"]>;
/** What a job returns. */
export type JobResult<N extends JobName> = z.output<(typeof jobs)[N]["result"]>;

type AnyJob = Job<z.ZodType, z.ZodType>;

/** A job by its name. @throws HandheldError `invalid-option` */
export function findJob(name: string): AnyJob {
  if (Object.hasOwn(jobs, name)) return jobs[name as JobName] as unknown as AnyJob;
  throw new HandheldError(
    "invalid-option",
    `there is no job ${JSON.stringify(name)}${suggest(name, Object.keys(jobs))}`,
  );
}

/** Parses what a job takes, hands over or returns. @throws HandheldError `invalid-data`, naming job and field */
export function parseFor(name: string, what: "params" | "part" | "result", value: unknown): unknown {
  const parsed = findJob(name)[what].safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const field = issue.path.join(".") || "the whole";
  throw new HandheldError("invalid-data", `${what} of the job ${name}: ${field}: ${issue.message}`);
}

/**
 * Runs a job here, in Node or in a browser's worker.
 *
 * @throws HandheldError `invalid-option` (no such job), `invalid-data` (its parameters), and what the job throws
 */
export async function runJob(
  name: string,
  params: unknown,
  tools: Omit<JobTools, "createBackend"> & Partial<Pick<JobTools, "createBackend">>,
): Promise<unknown> {
  const job = findJob(name);
  const parsed = parseFor(name, "params", params);
  if (tools.signal.aborted) throw new HandheldError("aborted", "stopped");
  const result = await job.run(parsed, { createBackend: createBackendHere, ...tools });
  return parseFor(name, "result", result);
}

const createBackendHere: JobTools["createBackend"] = (options = {}) =>
  createBackend(detectThreads() ? options : { ...options, threads: 1 });
