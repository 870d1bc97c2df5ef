// A record from the parts of a run.
import type { Cost } from "../cost/result.ts";
import { type MachineFacts, machineFacts } from "../devices/machine.ts";
import type { Evaluation, NeedleResult } from "../eval/result.ts";
import { countParameters } from "../spec/arithmetic.ts";
import type { Spec } from "../spec/spec.ts";
import { type CallsRecord, type ResultRecord, recordVersion } from "./record.ts";
import { newRecordId } from "./store.ts";
import { toolIdentity } from "./tool.ts";

/** What was run on what, and what came out; parts that did not run are left out. */
export interface RecordParts {
  /** Default: one of this moment. */
  id?: string | undefined;
  /** See identifyModel; the hash is null for random weights. */
  model: Pick<ResultRecord["model"], "name" | "catalogue" | "released" | "hash">;
  spec: Spec;
  /** Where it ran. Default: this machine, as `local`. */
  device?: ResultRecord["device"] | undefined;
  suite?: string | null | undefined;
  evaluation?: Evaluation | null | undefined;
  needle?: NeedleResult | null | undefined;
  calls?: readonly CallsRecord[] | undefined;
  cost?: Cost | null | undefined;
  /** See samplesFileOf. */
  samplesFile?: string | null | undefined;
  notes?: readonly string[] | undefined;
}

/** Makes a record, with this package's version and commit, and the machine. */
export async function createRecord(parts: RecordParts): Promise<ResultRecord> {
  const { evaluation, needle } = parts;
  const created = new Date();
  return {
    version: recordVersion,
    id: parts.id ?? newRecordId(created),
    createdAt: created.toISOString(),
    tool: await toolIdentity(),
    model: { ...parts.model, parameters: countParameters(parts.spec).total },
    spec: { ...parts.spec },
    device: parts.device ?? recordDevice("local", "local", await machineFacts()),
    config: evaluation?.config ?? null,
    suite: parts.suite ?? null,
    tasks: evaluation?.tasks ?? [],
    calls: [...(parts.calls ?? [])],
    needle: needle?.cells ?? null,
    ...(needle && { needleConfig: needle.config }),
    cost: parts.cost ?? null,
    samplesFile: parts.samplesFile ?? null,
    notes: [...(parts.notes ?? [])],
  };
}

/** A device as records have it. */
export function recordDevice(
  name: string,
  transport: ResultRecord["device"]["transport"],
  { platform, arch, cpuModel, cores, memoryBytes, runtime }: MachineFacts,
): ResultRecord["device"] {
  return { name, transport, platform, arch, cpuModel, cores, memoryBytes, runtime };
}
