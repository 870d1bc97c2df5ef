// eval --cost: what running a model costs, here or on another device. Measures through the device interface whatever the device,
// with random weights of the model's spec.

import { costForms, defaultOutputs, defaultPrompts } from "../../cost/options.ts";
import type { CostPoint } from "../../cost/result.ts";
import type { JobResult } from "../../remote/index.ts";
import type { Spec } from "../../spec/spec.ts";
import { openNamedDevice, type RemoteChoice, remoteOptions, tell } from "../devices.ts";
import type { CommandIo } from "../io.ts";
import { choices, integers, number } from "../options.ts";

/** Options of --cost; those by which devices are reached among them. */
export const costOptions = {
  prompts: integers("--prompts <n,…>", `with --cost: prompt lengths in tokens (default: ${defaultPrompts.join(",")})`, {
    min: 1,
    max: 1 << 20,
  }),
  outputs: integers(
    "--outputs <n,…>",
    `with --cost: tokens decoded behind them (default: ${defaultOutputs.join(",")})`,
    {
      min: 1,
      max: 1 << 20,
    },
  ),
  forms: choices("--forms <names>", "with --cost: weight forms, the first one broken down (default: all)", costForms),
  costThreads: integers("--cost-threads <n,…>", "with --cost: numbers of threads (default: --threads)", {
    min: 1,
    max: 64,
  }),
  costSeconds: number(
    "--cost-seconds <n>",
    "with --cost: seconds after which a point begins no further repeat",
    { min: 0.01, max: 3600 },
    10,
  ),
  sustained: number(
    "--sustained <minutes>",
    "with --cost: also decode for so long without a pause, to see whether the device slows down",
    { min: 0, max: 1440 },
    0,
  ),
  ...remoteOptions,
};

/** What {@link measureCostOn} needs to know: the parsed {@link costOptions}, and the model. */
export interface CostOnDevice extends RemoteChoice {
  spec: Spec;
  prompts: number[] | undefined;
  outputs: number[] | undefined;
  forms: (typeof costForms)[number][] | undefined;
  costThreads: number[] | undefined;
  costSeconds: number;
  /** Minutes. */
  sustained: number;
  threads: number | undefined;
  /** Points of an interrupted measurement of the same model on the same device. */
  done?: readonly CostPoint[] | undefined;
  /** Hears each new point at once, so that none is lost with the device. */
  onPoint?: ((point: CostPoint) => void) | undefined;
}

/** A cost, and of what. */
export interface MeasuredCost extends JobResult<"cost"> {
  /** As the device calls itself. */
  name: string;
  transport: "local" | "phone" | "ssh" | "adb";
  /** What makes the numbers what they are, from the way to the device. */
  deviceNotes: readonly string[];
}

/**
 * Measures what a model costs on a device, by its name as deviceHelp has it, under a progress line.
 *
 * @throws DeviceError, HandheldError as measureCost does
 */
export async function measureCostOn(deviceName: string, asked: CostOnDevice, io: CommandIo): Promise<MeasuredCost> {
  const { costOn } = await import("../../remote/index.ts");
  const { spec, prompts, outputs, forms, costThreads, costSeconds, sustained, threads, done, onPoint } = asked;
  const device = await openNamedDevice(deviceName, asked, io);
  try {
    const progress = io.progress("Measuring the cost", { unit: "points" });
    const { cost, facts } = await costOn(device, spec, {
      prompts,
      outputs,
      forms,
      threads: costThreads ?? (threads === undefined ? undefined : [threads]),
      budgetSeconds: costSeconds,
      sustainedSeconds: 60 * sustained,
      done: done && [...done],
      signal: io.signal,
      onPoint,
      onEvent(event) {
        if (event.type === "progress") progress.update(event.done, event.note, event.total ?? undefined);
        else tell(event, device, io);
      },
    });
    progress.finish();
    const transport = /^(local|phone|ssh|adb)/.exec(deviceName)![1] as MeasuredCost["transport"];
    return { cost, facts, name: device.name, transport, deviceNotes: device.notes };
  } finally {
    await device.close();
  }
}
