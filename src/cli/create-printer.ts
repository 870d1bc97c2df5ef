// Prints the events of `create` and `train`: what each stage found, and progress with an ETA while it works.
import type { ArchitectureChoice } from "../create/architecture.ts";
import type { AnsweredQuery, CreateEvent, CreateResult, DataSummary } from "../create/types.ts";
import type { CallEvaluation } from "../eval/calls.ts";
import { formatBytes, formatCount, formatDuration, formatPercent, formatRate } from "../format.ts";
import { countParameters } from "../spec/arithmetic.ts";
import type { Spec } from "../spec/spec.ts";
import type { TrainRecipe } from "../train/recipe.ts";
import type { TrainEvent } from "../train/types.ts";
import { describeDevice } from "./commands/device.ts";
import type { CommandIo } from "./io.ts";
import type { Progress } from "./progress.ts";
import { formatTable } from "./table.ts";

/** A function that prints one event after the other. */
export function createPrinter(io: CommandIo): (event: CreateEvent) => void {
  let stages = 0;
  let progress: { key: string; show: Progress } | null = null;
  const finish = (note?: string) => {
    progress?.show.finish(note);
    progress = null;
  };
  const training = createTrainPrinter(io);
  return (event) => {
    if (event.type === "progress") {
      const key = `${event.stage} ${event.note ?? ""}`;
      if (progress?.key !== key) {
        finish();
        progress = { key, show: io.progress(progressTitle(event), { total: event.total }) };
      }
      progress.show.update(event.done);
      return;
    }
    finish();
    if (event.type === "stage") io.print(`\n${++stages}. ${event.title}`);
    else if (event.type === "device") io.print(describeDevice(event.profile));
    else if (event.type === "data") io.print(describeData(event.summary));
    else if (event.type === "architecture") io.print(describeArchitecture(event.spec, event.search));
    else if (event.type === "recipe") io.print(describeRecipe(event.recipe));
    else if (event.type === "train") training(event.event);
    else if (event.type === "quantised") io.print(describeQuantised(event));
    else if (event.type === "evaluated") io.print(describeEvaluation(event.which, event.evaluation));
    else if (event.type === "queries") for (const answer of event.answers) io.print(describeAnswer(answer));
    else if (event.type === "done") io.print(describeResult(event.result, event.report));
  };
}

function progressTitle({ stage, note }: { stage: string; note?: string }): string {
  if (stage === "architecture") return "Timing candidates";
  return stage === "training" ? "Counting word vectors" : `Answering test queries (${note})`;
}

/** Prints a training run: a progress line, and a line per validation. */
export function createTrainPrinter(io: CommandIo): (event: TrainEvent) => void {
  let progress: Progress | null = null;
  return (event) => {
    if (event.type === "start") {
      const from = event.resumedFrom === null ? "" : `, resumed at step ${event.resumedFrom}`;
      const amount = `${formatCount(event.examples)} examples, ${formatCount(event.tokens)} tokens an epoch`;
      io.print(`  ${formatCount(event.parameters)} parameters to train; ${amount}${from}`);
    } else if (event.type === "step") {
      progress ??= io.progress("  Training", { total: event.steps, unit: "steps", start: event.step - 1 });
      const speed = `${formatRate(event.tokensPerSecond)} tok/s, ${formatRate(event.gflops)} GFLOP/s`;
      progress.update(event.step, `loss ${event.loss.toFixed(3)}, ${speed}`, event.steps);
    } else if (event.type === "validation") {
      const metrics = Object.entries(event.metrics).map(([name, value]) => `${name} ${formatPercent(value)}`);
      const loss = event.loss === null ? [] : [`loss ${event.loss.toFixed(3)}`];
      io.print(`  step ${event.step}: validation ${[...loss, ...metrics].join(", ")}`);
    } else if (event.type === "done") {
      progress?.finish();
      const speed = `${formatRate(event.tokensPerSecond)} tok/s, ${formatRate(event.gflops)} GFLOP/s over the whole run`;
      io.print(
        `  ${event.steps} steps, ${event.epochs.toFixed(1)} epochs in ${formatDuration(event.elapsedSeconds)}: ${speed}`,
      );
    }
  };
}

function describeData(data: DataSummary): string {
  const { phrasings } = data;
  const split = (name: "train" | "validation" | "test") =>
    `${formatCount(data[name])} ${name}${phrasings ? ` (${phrasings[name]} phrasings)` : ""}`;
  const lines = [
    `${data.source}: ${data.functions} functions`,
    [split("train"), split("validation"), split("test")].join(", ") +
      (phrasings ? "; no phrasing is in two splits" : ""),
    `vocabulary ${formatCount(data.vocabulary)}; ${data.meanTokens.toFixed(1)} tokens a sample, ${data.longestTokens} at most`,
  ];
  if (data.duplicates > 0) lines.push(`${data.duplicates} repeated queries left out`);
  if (data.skipped > 0) lines.push(`${data.skipped} malformed lines left out: ${data.reasons.join("; ")}`);
  for (const { query, answers } of data.examples) lines.push(`"${query}"`, `   → ${JSON.stringify(answers)}`);
  return lines.map((line) => `  ${line}`).join("\n");
}

/** `4 layers × 128, FFN 384, 4 heads`. */
export function describeShape(spec: Spec): string {
  const heads = spec.kvHeads === spec.heads ? `${spec.heads} heads` : `${spec.heads} heads over ${spec.kvHeads}`;
  const repeat = spec.layerRepeat === 1 ? "" : ` run ${spec.layerRepeat} times`;
  const ffn = `${spec.gated ? "gated " : ""}${spec.activation} FFN ${spec.ffnWidth}`;
  return `${spec.layers} layers${repeat} × ${spec.width}, ${ffn}, ${heads}, vocabulary ${spec.vocabulary}`;
}

function describeArchitecture(spec: Spec, search: ArchitectureChoice | null): string {
  const parameters = formatCount(countParameters(spec).total);
  const chosen = `  chosen: ${describeShape(spec)}: ${parameters} parameters`;
  if (search === null) return chosen;
  const titles = [
    "",
    "layers",
    "width",
    "FFN",
    "heads",
    "parameters",
    "predicted loss",
    "prefill tok/s",
    "decode tok/s",
    "ms a request",
  ];
  const rows = search.rows.map((row) => [
    row === search.chosen ? "→" : "",
    ...[row.spec.layers, row.spec.width, row.spec.ffnWidth, row.spec.heads].map(String),
    formatCount(row.parameters),
    `× ${row.relativeLoss.value.toFixed(3)}`,
    formatRate(row.prefillTokensPerSecond),
    formatRate(row.decodeTokensPerSecond),
    (1000 * row.requestSeconds).toFixed(1),
  ]);
  return [
    `  ${search.space.size} architectures in the space: ${search.space.description}`,
    formatTable(
      titles.map((title) => ({ title, numeric: title !== "" })),
      rows,
    ),
    `  ${search.rule}`,
    chosen,
  ].join("\n");
}

function describeRecipe(recipe: TrainRecipe): string {
  const [unit, amount] = Object.entries(recipe.length)[0]!;
  const batch = `${recipe.batchTokens * recipe.accumulate} tokens a step`;
  return `  AdamW, learning rate ${recipe.learningRate} (${recipe.schedule}), ${batch}, ${amount} ${unit}`;
}

function describeQuantised({ floatBytes, int4Bytes }: { floatBytes: number; int4Bytes: number }): string {
  const factor = (floatBytes / int4Bytes).toFixed(1);
  return `  weights ${formatBytes(floatBytes)} in float → ${formatBytes(int4Bytes)} in int4 (${factor} times smaller)`;
}

function describeEvaluation(which: "float" | "int4", evaluation: CallEvaluation): string {
  const { accuracy, softAccuracy, samples } = evaluation;
  const scores = `accuracy ${formatPercent(accuracy)}, soft accuracy ${formatPercent(softAccuracy)}`;
  return `  ${which.padEnd(5)} ${scores} on ${formatCount(samples)} held-out queries`;
}

/** A query, its calls and the commands that would run. */
export function describeAnswer({ query, text, commands }: AnsweredQuery): string {
  const calls = text.split("\n");
  return [`  "${query}"`, ...calls.map((call, i) => `    → ${call.trim()}\n      ${commandLine(commands[i])}`)].join(
    "\n",
  );
}

function commandLine(command: AnsweredQuery["commands"][number] | undefined): string {
  return command?.command ?? `(no Android command: ${command?.reason ?? "nothing to run"})`;
}

function describeResult(result: CreateResult, report: string): string {
  const speed = (value: number) => `${formatRate(value)} tok/s`;
  return [
    "",
    `  ${formatPercent(result.accuracy)} of ${formatCount(result.testSamples)} held-out queries answered exactly right, ${formatBytes(result.sizeBytes)}`,
    `  prefill ${speed(result.prefillTokensPerSecond)}, decode ${speed(result.decodeTokensPerSecond)}, trained at ${formatRate(result.trainGflops)} GFLOP/s`,
    `  everything took ${formatDuration(result.seconds)} and is in ${result.dir}; look at ${report}`,
  ].join("\n");
}
