// The questions of a run with their scores, a JSON object a line: written as they come, read back as what a paired test
// needs of them.
import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { finished } from "node:stream/promises";
import * as z from "zod";
import { invalidFile, ioError } from "../errors.ts";
import { metricKey, type Sample } from "../eval/evaluate.ts";
import type { SampleValue } from "../eval/tasks/twins.ts";
import { makeFolder, parseJson } from "../io.ts";
import type { ResultRecord } from "./record.ts";

/** A file of samples in the making; it appears when it is closed. */
export interface SampleWriter {
  write(sample: Sample): void;
  /** @throws HandheldError `io` */
  close(): Promise<void>;
  /** Leaves nothing behind. */
  discard(): Promise<void>;
}

/** Where a record's samples are, relative to the results folder. */
export function samplesFileOf(id: string): string {
  return `samples/${id}.jsonl`;
}

/** Begins a file of samples. @throws HandheldError `io` */
export async function writeSamples(path: string): Promise<SampleWriter> {
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  await makeFolder(dirname(path));
  const file = createWriteStream(temporary, { flush: true });
  const done = finished(file);
  done.catch(() => {}); // told by close
  return {
    write: (sample) => void file.write(`${JSON.stringify(sample)}\n`),
    async close() {
      file.end();
      try {
        await done;
        await rename(temporary, path);
      } catch (cause) {
        throw ioError("write", path, cause);
      }
    },
    async discard() {
      file.destroy();
      await done.catch(() => {});
      await rm(temporary, { force: true });
    },
  };
}

/** Of each task, number of shots and metric (see {@link sampleKey}): the documents' values by their index. */
export type SampleValues = ReadonlyMap<string, ReadonlyMap<number, SampleValue>>;

/** What {@link SampleValues} calls a metric of a task. */
export function sampleKey(task: string, shots: number, metric: string): string {
  return JSON.stringify([task, shots, metric]);
}

const number = z.number().nullable(); // a value that is none, such as NaN, is null in JSON
const lineSchema = z.object({
  task: z.string(),
  shots: z.number(),
  filter: z.string(),
  index: z.number().int(),
  metrics: z.record(z.string(), z.union([number, z.tuple([number, number])])),
});

/**
 * The scores of a record's questions; null for one without a file of them.
 *
 * @throws HandheldError `io` where the file is gone, `invalid-file` where it is damaged
 */
export async function readSamples(
  folder: string,
  { samplesFile }: Pick<ResultRecord, "samplesFile">,
): Promise<SampleValues | null> {
  if (samplesFile === null) return null;
  const path = join(folder, samplesFile);
  const values = new Map<string, Map<number, SampleValue>>();
  let line = 0;
  try {
    for await (const text of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
      line++;
      const parsed = lineSchema.safeParse(parseJson(text, `${path}:${line}`));
      if (!parsed.success) throw invalidFile(`${path}:${line}`, `not a sample: ${parsed.error.issues[0]!.message}`);
      const { task, shots, filter, index, metrics } = parsed.data;
      for (const [metric, value] of Object.entries(metrics)) {
        if ([value].flat().includes(null)) continue;
        const key = sampleKey(task, shots, metricKey(metric, filter));
        const own = values.get(key) ?? new Map<number, SampleValue>();
        values.set(key, own.set(index, value as SampleValue));
      }
    }
  } catch (cause) {
    throw ioError("read", path, cause);
  }
  return values;
}
