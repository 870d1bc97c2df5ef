// The whole pipeline, reported as a stream of events: device, data, architecture, training, quantising, result.
import { probeDevice } from "../devices/probe.ts";
import type { DeviceProfile } from "../devices/profile.ts";
import { HandheldError } from "../errors.ts";
import { type CallEvaluation, evaluateCalls } from "../eval/calls.ts";
import { loadCallModel, saveCallFiles } from "../generate/call-model.ts";
import { type Backend, createBackend } from "../kernels/index.ts";
import { convertModel } from "../model/convert.ts";
import { saveModel } from "../model/save.ts";
import { createTrainable } from "../model/trainable.ts";
import { countParameters } from "../spec/arithmetic.ts";
import { createSpec, type Spec } from "../spec/spec.ts";
import { fileCheckpoints } from "../train/checkpoint.ts";
import { train } from "../train/loop.ts";
import { createRecipe, type TrainRecipe } from "../train/recipe.ts";
import type { DoneEvent } from "../train/types.ts";
import { type ArchitectureChoice, givenArchitecture, searchArchitecture } from "./architecture.ts";
import { createCallTask } from "./call-task.ts";
import { type PreparedData, prepareData } from "./data.ts";
import { initialVectors } from "./initial-vectors.ts";
import { answerQuery, exampleQueries } from "./queries.ts";
import { callRecipe } from "./recipes.ts";
import { writeReport } from "./report.ts";
import { openRunFolder, type RunFolder, readRun } from "./run-folder.ts";
import type { CreateEvent, CreateOptions, CreateResult } from "./types.ts";

/** What a run decided; kept in run.json so that a resumed run makes the same choices. */
interface RunState {
  version: 1;
  options: Omit<CreateOptions, "signal" | "resume" | "threads">;
  spec?: Spec;
  recipe?: TrainRecipe;
}

/** What the stages share. */
interface Run {
  backend: Backend;
  folder: RunFolder;
  options: CreateOptions;
  /** Passes an event on; `keep` also appends it to the metrics. */
  emit(event: CreateEvent, keep?: "keep"): Promise<void>;
}

/**
 * Makes a function-calling model from nothing: measures the device, prepares data, searches an architecture, trains it,
 * quantises it to int4 and measures the result. Everything lands in the run's folder; `onEvent` hears of all that happens.
 *
 * @throws HandheldError of every stage; what was finished before stays in the folder.
 * @example
 * ```ts
 * const { accuracy } = await create({ seed: 1 }, (event) => console.log(event.type));
 * ```
 */
export async function create(
  given: CreateOptions = {},
  onEvent: (event: CreateEvent) => void = () => {},
): Promise<CreateResult> {
  return withRun(given, onEvent, async (run, state, seconds) => {
    await run.emit({ type: "stage", stage: "device", title: "Device" });
    const profile = await probeDevice({ threads: given.threads, signal: given.signal });
    await run.emit({ type: "device", profile }, "keep");
    return runStages(run, profile, state, seconds);
  });
}

/**
 * Only trains: a given architecture (`spec`) on the data; the float model lands in the run's folder.
 * @throws as {@link create}
 */
export async function trainModel(
  given: CreateOptions & { spec: string },
  onEvent: (event: CreateEvent) => void = () => {},
): Promise<{ name: string; dir: string; parameters: number; validation: DoneEvent["validation"]; gflops: number }> {
  return withRun(given, onEvent, async (run, state) => {
    const { spec, trained } = await learn(run, null, state);
    const { name, dir } = run.folder;
    const { validation, gflops } = trained;
    return { name, dir, parameters: countParameters(spec).total, validation, gflops };
  });
}

/** Opens (or reopens) the run's folder and the backend around `work`. */
async function withRun<T>(
  given: CreateOptions,
  onEvent: (event: CreateEvent) => void,
  work: (run: Run, state: RunState, seconds: () => number) => Promise<T>,
): Promise<T> {
  const started = performance.now();
  const folder = await openRunFolder(given.out ?? "runs", given.name ?? defaultName(given), given.resume ?? false);
  const state = given.resume ? await resumedState(folder) : await newState(given);
  const decided = given.resume ? state.options : given;
  const options = { ...decided, threads: given.threads, signal: given.signal, resume: given.resume };
  const earlier = given.resume ? await secondsSoFar(folder) : 0;
  const seconds = () => earlier + (performance.now() - started) / 1000;
  const emit: Run["emit"] = async (event, keep) => {
    if (keep) await folder.log({ seconds: seconds(), ...event });
    onEvent(event);
  };
  const backend = await createBackend({ threads: options.threads });
  try {
    return await work({ backend, folder, options, emit }, state, seconds);
  } catch (error) {
    await folder.discardUndecided();
    throw error;
  } finally {
    await backend.close();
  }
}

/** The stages up to the trained float model. `profile` is needed where the architecture is not given. */
async function learn(run: Run, profile: DeviceProfile | null, state: RunState) {
  const { folder, options, emit } = run;
  await emit({ type: "stage", stage: "data", title: "Data" });
  const data = await prepareData(options);
  await emit({ type: "data", summary: data.summary }, "keep");
  await emit({ type: "stage", stage: "architecture", title: "Architecture" });
  const found = await chooseSpec(run, profile, data, state.spec);
  const parameters = countParameters(found.spec).total;
  await emit({ type: "architecture", ...found, parameters }, "keep");
  state.spec = found.spec;
  state.recipe ??= createRecipe({ ...callRecipe(options.data), seed: options.seed ?? 1, ...options.recipe });
  await folder.save("run", state);
  await emit({ type: "stage", stage: "training", title: "Training" });
  await emit({ type: "recipe", recipe: state.recipe });
  const trained = await trainFloat(run, data, found.spec, state.recipe);
  return { data, spec: found.spec, parameters, trained };
}

async function runStages(
  run: Run,
  profile: DeviceProfile,
  state: RunState,
  seconds: () => number,
): Promise<CreateResult> {
  const { folder, emit } = run;
  const { data, parameters, trained } = await learn(run, profile, state);
  await emit({ type: "stage", stage: "quantising", title: "Quantising" });
  const { fromBytes: floatBytes, sizeBytes: int4Bytes } = await convertModel(folder.path("float"), folder.path("int4"));
  await emit({ type: "quantised", floatBytes, int4Bytes }, "keep");
  await emit({ type: "stage", stage: "result", title: "Result" });
  const float = await evaluate(run, data, "float");
  const int4 = await evaluate(run, data, "int4");
  const result: CreateResult = {
    name: folder.name,
    dir: folder.dir,
    parameters,
    sizeBytes: int4Bytes,
    floatBytes,
    seconds: seconds(),
    accuracy: int4.accuracy,
    softAccuracy: int4.softAccuracy,
    floatAccuracy: float.accuracy,
    floatSoftAccuracy: float.softAccuracy,
    decodeTokensPerSecond: int4.decodeTokensPerSecond,
    prefillTokensPerSecond: int4.prefillTokensPerSecond,
    trainGflops: trained.gflops,
    testSamples: int4.samples,
  };
  await folder.save("result", result);
  await emit({ type: "done", result, report: folder.path("report") }, "keep");
  await writeReport(folder, state);
  return result;
}

function defaultName({ data }: CreateOptions): string {
  const last =
    data
      ?.replace(/[/\\]+$/, "")
      .split(/[/\\]/)
      .at(-1) ?? "";
  return last.replace(/\.[^.]*$/, "").replace(/[^\w.-]+/g, "-") || "calls";
}

/** Paths are saved absolute, so that the run can be resumed and evaluated from any folder. */
async function newState({ signal: _, resume: __, threads: ___, ...options }: CreateOptions): Promise<RunState> {
  const { resolve } = await import("node:path");
  const absolute = (path: string | undefined) => (path === undefined ? undefined : resolve(path));
  return { version: 1, options: { ...options, data: absolute(options.data), functions: absolute(options.functions) } };
}

async function resumedState(folder: RunFolder): Promise<RunState> {
  const state = (await readRun(folder)) as RunState;
  if (state.version === 1 && typeof state.options === "object") return state;
  throw new HandheldError(
    "invalid-file",
    `${folder.path("run")}: not the settings of a run; start anew without --resume`,
  );
}

/** Wall time of the run before it was interrupted. */
async function secondsSoFar(folder: RunFolder): Promise<number> {
  return Number((await folder.metrics()).at(-1)?.seconds ?? 0);
}

async function chooseSpec(
  { backend, options, emit }: Run,
  profile: DeviceProfile | null,
  data: PreparedData,
  decided: Spec | undefined,
): Promise<{ spec: Spec; search: ArchitectureChoice | null }> {
  if (decided) return { spec: createSpec(decided), search: null };
  if (options.spec !== undefined) return { spec: await givenArchitecture(options.spec, data), search: null };
  if (profile === null)
    throw new HandheldError("invalid-option", "training alone needs a spec; create searches for one");
  const search = await searchArchitecture(backend, profile, data, options, (done, total) => {
    void emit({ type: "progress", stage: "architecture", done, total });
  });
  return { spec: search.chosen.spec, search };
}

async function trainFloat(run: Run, data: PreparedData, spec: Spec, recipe: TrainRecipe): Promise<DoneEvent> {
  const { backend, folder, options, emit } = run;
  const { seed, init, lora } = recipe;
  const vectors = initialVectors(data, spec, recipe, (done, total) => {
    void emit({ type: "progress", stage: "training", done, total, note: "word vectors" });
  });
  const model = createTrainable(backend, spec, { seed, init, vectors, lora });
  try {
    const task = createCallTask(data.dataset, data.codec, data.tokenizer, {
      validationSamples: 200,
      redraw: data.redraw,
      signal: options.signal,
    });
    const checkpoints = fileCheckpoints(folder.path("checkpoint"));
    let done: DoneEvent | null = null;
    for await (const event of train(model, task, recipe, { ...options, checkpoints })) {
      // A line per step would be most of the folder; the curves need a few hundred points.
      const kept = event.type !== "step" || event.step % Math.max(1, Math.floor(event.steps / 400)) === 0;
      await emit({ type: "train", event }, kept ? "keep" : undefined);
      if (event.type === "done") done = event;
    }
    await saveCallFiles(folder.path("float"), data.dataset.functions, data.settings);
    await saveModel(folder.path("float"), { spec, tensors: model.tensors(), tokenizer: data.tokenizer });
    return done!;
  } finally {
    model.close();
  }
}

/** Answers the test split with a saved model; the int4 model also answers the example queries. */
async function evaluate(run: Run, data: PreparedData, which: "float" | "int4"): Promise<CallEvaluation> {
  const { backend, folder, options, emit } = run;
  const model = await loadCallModel(backend, folder.path(which));
  try {
    const evaluation = await evaluateCalls(model.caller, data.dataset.test, {
      signal: options.signal,
      onProgress: (done, total) => void emit({ type: "progress", stage: "result", done, total, note: which }),
    });
    await emit({ type: "evaluated", which, evaluation }, "keep");
    if (which === "int4") {
      const queries = exampleQueries(data.dataset, options.data === undefined);
      await emit({ type: "queries", answers: queries.map((query) => answerQuery(model.caller, query)) }, "keep");
    }
    return evaluation;
  } finally {
    model.close();
  }
}
