// handheld eval --cost, so that an interrupted run need not measure again: points and the whole cost are kept in the work
// folder until the run's record is written.
import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { type Cost, type CostPoint, costPointSchema, costSchema } from "../../cost/result.ts";
import { type Journal, openJournal } from "../../eval/journal.ts";
import { recordDevice } from "../../results/create.ts";
import { type ResultRecord, recordSchema } from "../../results/record.ts";
import { toolIdentity } from "../../results/tool.ts";
import type { Spec } from "../../spec/spec.ts";
import type { CommandIo } from "../io.ts";
import { type CostOnDevice, measureCostOn } from "./eval-cost.ts";

/** What this takes of the command line. */
export interface KeptCostLine extends Omit<CostOnDevice, "spec" | "done" | "onPoint"> {
  device: string;
  work: string;
  resume: boolean;
}

const keptSchema = z.object({ cost: costSchema, device: recordSchema.shape.device, notes: z.array(z.string()) });

/** A cost with the device and what a reader should know of the way to it. */
export interface KeptCost {
  cost: Cost;
  device: ResultRecord["device"];
  notes: string[];
  /** Begins anew the next time; to be called when the result is safe. */
  forget(): Promise<void>;
}

/** Measures a model's cost, or takes what an interrupted run of the same has measured. @throws as measureCostOn does */
export async function keptCost(spec: Spec, line: KeptCostLine, io: CommandIo): Promise<KeptCost> {
  const name = await nameOf(spec, line);
  const journal = await openJournal(line.work, name, !line.resume);
  const forget = () => rm(join(line.work, `${name}.jsonl`), { force: true });
  const whole = keptSchema.safeParse(journal.get("cost"));
  if (whole.success) {
    io.print(`cost     of the interrupted run, on ${whole.data.device.name}; --no-resume measures anew`);
    return { ...whole.data, forget };
  }
  // Which phone it is shows only when it has answered: points of another one must not get among its own.
  const sameDevice = line.device === "local" || line.device.includes(":");
  const done = sameDevice ? pointsOf(journal) : [];
  let written = Promise.resolve();
  let count = done.length;
  const onPoint = (point: CostPoint) => {
    const key = `point ${count++}`;
    written = written.then(() => journal.add(key, point));
    written.catch(() => {}); // told below
  };
  const measured = await measureCostOn(line.device, { ...line, spec, done, onPoint }, io);
  await written;
  const { cost, facts, transport, deviceNotes } = measured;
  const found = { cost, device: recordDevice(measured.name, transport, facts), notes: [...deviceNotes] };
  if (done.length > 0) found.notes.push(`${done.length} points of cost are those of an interrupted run`);
  await journal.add("cost", found);
  return { ...found, forget };
}

function pointsOf(journal: Journal): CostPoint[] {
  const points: CostPoint[] = [];
  for (let i = 0; ; i++) {
    const parsed = costPointSchema.safeParse(journal.get(`point ${i}`));
    if (!parsed.success) return points;
    points.push(parsed.data);
  }
}

async function nameOf(spec: Spec, line: KeptCostLine): Promise<string> {
  const { device, prompts, outputs, forms, costThreads, costSeconds, sustained, threads } = line;
  const asked = [device, prompts, outputs, forms, costThreads, costSeconds, sustained, threads];
  const parts = JSON.stringify([spec, await toolIdentity(), asked]);
  return `cost-${createHash("sha256").update(parts).digest("hex").slice(0, 24)}`;
}
