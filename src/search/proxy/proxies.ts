// Proxy training: small models that stand for candidates are trained on a text, and their losses become observations of
// the quality model. Everything is kept in a folder, so that a killed run goes on where it was: each model's checkpoint,
// and the plan with the losses so far, written whole or not at all.
import { HandheldError } from "../../errors.ts";
import { pathExists, readJsonFile, writeFileAtomic } from "../../io.ts";
import type { Backend } from "../../kernels/backend.ts";
import { createTrainable } from "../../model/trainable.ts";
import { hash32 } from "../../random.ts";
import { countParameters } from "../../spec/arithmetic.ts";
import type { Spec } from "../../spec/spec.ts";
import { fileCheckpoints } from "../../train/checkpoint.ts";
import { train } from "../../train/loop.ts";
import { createRecipe, type TrainRecipe } from "../../train/recipe.ts";
import type { Observation } from "../quality/observations.ts";
import type { SearchResult } from "../search.ts";
import { mean } from "../statistics.ts";
import { countSteps, nextTurnOf, type ProxyState, parseProxyState, type Turn } from "./plan.ts";
import { proxyOf } from "./scale.ts";
import { createTextTask, type TextTask } from "./text-task.ts";

/** Options of {@link trainProxies}. */
export interface ProxyOptions {
  backend: Backend;
  /** What is asked about; those with the same proxy are trained once. */
  targets: readonly Spec[];
  /** The text, and what to call it in errors. */
  text: string;
  where: string;
  /** Folder of the run; an unfinished one goes on. */
  folder: string;
  /**
   * What the run is about, as text. A folder belongs to one question and goes on with the shapes it was begun with: a device
   * that is calibrated again is predicted to prefer slightly different ones. Default: the targets.
   */
  question?: string | undefined;
  /** About how long all of it may take. */
  minutes: number;
  /** Most proxies. Default 8. */
  most?: number | undefined;
  /** Limits of their size. Default {@link proxySizes}. */
  sizes?: ProxySizes | undefined;
  seed?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Optimiser steps done of all, and what is trained. */
  onProgress?: ((done: number, total: number, note: string) => void) | undefined;
}

/** How large proxies may be, in weights of their blocks, and tokens per weight by the end of the last rung. */
export interface ProxySizes {
  least: number;
  most: number;
  tokensPerWeight: number;
}

/**
 * With a fifth of the least weights, or a tenth of the tokens, shallow shapes win whatever the text. Twenty tokens per
 * weight: Hoffmann et al. 2022.
 */
export const proxySizes: ProxySizes = { least: 1e5, most: 5e6, tokensPerWeight: 20 };

/** What proxies said. */
export interface ProxyResult {
  where: string;
  /** Tokens that each rung's models have seen at its end. */
  rungTokens: number[];
  /** Target, proxy, and held-out loss at the end of each rung it took part in. */
  candidates: ProxyState["candidates"];
}

/** ln(loss) between equal runs. */
const noise = 0.005;
const batchTokens = 2048;
const rungs = 3;

/**
 * Trains proxies under successive halving.
 *
 * @throws HandheldError `invalid-data` for too short a text, `invalid-option` when the folder belongs to another search,
 *   `aborted` (what is done is kept), `io`
 */
export async function trainProxies(options: ProxyOptions): Promise<ProxyResult> {
  const task = createTextTask(options.text, options.where);
  const state = await openState(options, task);
  const stateFile = `${options.folder}/proxies.json`;
  for (let turn = nextTurnOf(state); turn !== null; turn = nextTurnOf(state)) {
    const { losses } = state.candidates[turn.index]!;
    await trainTurn(options, task, state, turn, async (loss) => {
      losses.push(loss);
      await writeFileAtomic(stateFile, `${JSON.stringify(state, null, 1)}\n`);
    });
  }
  const rungTokens = state.rungSteps.map((steps) => steps * state.batchTokens);
  return { where: options.where, rungTokens, candidates: state.candidates };
}

async function openState(options: ProxyOptions, task: TextTask): Promise<ProxyState> {
  const { folder, seed = 1, minutes, text, sizes = proxySizes, question = JSON.stringify(options.targets) } = options;
  const file = `${folder}/proxies.json`;
  const key = hash32(text, seed, minutes, question, JSON.stringify(sizes)).toString(16);
  if (await pathExists(file)) {
    const state = parseProxyState(await readJsonFile(file), file);
    if (state.key === key) return state;
    throw new HandheldError(
      "invalid-option",
      `${folder}: holds proxies of another search (text, minutes, seed, or what is searched for differ); give another folder or remove it`,
    );
  }
  const plan = await planRun(options, task);
  const state: ProxyState = { version: 1, key, seed, ...plan };
  await writeFileAtomic(file, `${JSON.stringify(state, null, 1)}\n`);
  return state;
}

/**
 * Sizes and steps from the time there is: the largest proxies that can see enough tokens per weight by the
 * end of the last rung, at the rate that a first few steps reach.
 */
async function planRun(options: ProxyOptions, task: TextTask) {
  const { backend, targets, minutes, most = 8, seed = 1, sizes = proxySizes } = options;
  const flopsPerSecond = 0.9 * measureTraining(backend, task, proxyOf(targets[0]!, sizes.least, task), seed);
  const planned = (weights: number) => {
    const candidates = distinct(targets, weights, task).slice(0, most);
    const last = Math.ceil((weights * sizes.tokensPerWeight) / batchTokens / 2 ** (rungs - 1)) * 2 ** (rungs - 1);
    const rungSteps = Array.from({ length: rungs }, (_, rung) => last / 2 ** (rungs - 1 - rung));
    const perToken = candidates.reduce((sum, { proxy }) => sum + trainingFlops(proxy), 0) / candidates.length;
    const { total } = countSteps({ candidates, rungSteps });
    return { plan: { batchTokens, rungSteps, candidates }, seconds: (total * batchTokens * perToken) / flopsPerSecond };
  };
  for (let weights = sizes.most; weights >= sizes.least; weights *= 0.85) {
    const { plan, seconds } = planned(weights);
    if (seconds <= 60 * minutes) return plan;
  }
  const needed = Math.ceil((planned(sizes.least).seconds / 60) * 1.1 * 10) / 10;
  throw new HandheldError(
    "invalid-option",
    `proxies need at least ${needed} minutes on this machine, ${minutes} were given; smaller or shorter ones would say which shape learns fastest at first, not which learns best`,
  );
}

function trainingFlops(proxy: Spec): number {
  const { total, embedding } = countParameters(proxy);
  return 6 * (total - embedding + proxy.vocabulary * proxy.width) * proxy.layerRepeat;
}

function distinct(targets: readonly Spec[], weights: number, task: TextTask): ProxyState["candidates"] {
  const seen = new Map<string, ProxyState["candidates"][number]>();
  for (const target of targets) {
    const proxy = proxyOf(target, weights, task);
    const key = JSON.stringify(proxy);
    if (!seen.has(key)) seen.set(key, { target, proxy, losses: [] });
  }
  return [...seen.values()];
}

function recipeOf({ seed, rungSteps, batchTokens }: ProxyState): TrainRecipe {
  // A constant rate and averaged weights, so that a rung's end is as good as a run's.
  return createRecipe({
    learningRate: 2e-3,
    schedule: "constant",
    warmupRatio: 0.01,
    ema: 0.99,
    length: { steps: rungSteps.at(-1)! },
    validations: 2 ** (rungSteps.length - 1),
    batchTokens,
    seed,
  });
}

/**
 * Trains one candidate to the end of a rung and records its held-out loss there, null when it diverged. The loss is
 * recorded before the checkpoint behind it is written: whatever a kill leaves, the rung is not measured twice.
 */
async function trainTurn(
  options: ProxyOptions,
  task: TextTask,
  state: ProxyState,
  { rung, index }: Turn,
  record: (loss: number | null) => Promise<void>,
): Promise<void> {
  const { backend, folder, onProgress } = options;
  const { proxy } = state.candidates[index]!;
  const end = state.rungSteps[rung]!;
  const { done, total } = countSteps(state);
  const begun = state.rungSteps[rung - 1] ?? 0;
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, ...(options.signal ? [options.signal] : [])]);
  const checkpoints = fileCheckpoints(`${folder}/proxy-${index}.bin`);
  const model = createTrainable(backend, proxy, { seed: state.seed });
  const note = `rung ${rung + 1} of ${state.rungSteps.length}, ${proxy.layers * proxy.layerRepeat} × ${proxy.width}`;
  try {
    const recipe = recipeOf(state);
    for await (const event of train(model, task, recipe, {
      checkpoints,
      checkpointSeconds: 10,
      resume: true,
      signal,
    })) {
      if (event.type === "step") onProgress?.(done + Math.max(0, event.step - begun), total, note);
      if (event.type !== "validation" || event.step < end) continue;
      await record(event.loss);
      // One step more, and its checkpoint is written; the last rung ends by itself.
      if (rung < state.rungSteps.length - 1) stop.abort();
    }
  } catch (error) {
    if (options.signal?.aborted || !(error instanceof HandheldError)) throw error;
    if (error.code === "divergence") await record(null);
    else if (!stop.signal.aborted) throw error;
  } finally {
    model.close();
  }
}

/** Floating-point operations per second of training, over a few steps. */
function measureTraining(backend: Backend, task: TextTask, proxy: Spec, seed: number): number {
  const model = createTrainable(backend, proxy, { seed });
  try {
    const windows = task.validation!.slice(0, 4);
    const length = windows[0]!.ids.length - 1;
    const batch = {
      ids: Int32Array.from(windows.flatMap(({ ids }) => [...ids.subarray(0, length)])),
      positions: Int32Array.from(windows.flatMap(() => Array.from({ length }, (_, t) => t))),
      cu: Int32Array.from({ length: windows.length + 1 }, (_, s) => s * length),
      rows: Int32Array.from({ length: windows.length * length }, (_, i) => i),
      targets: Int32Array.from(windows.flatMap(({ ids }) => [...ids.subarray(1)])),
      weights: new Float32Array(windows.length * length).fill(1 / length),
    };
    model.loss(batch, { gradients: true });
    let [best, flops] = [Infinity, model.flops(batch)];
    for (let i = 0; i < 5; i++) {
      const started = performance.now();
      model.loss(batch, { gradients: true });
      best = Math.min(best, performance.now() - started);
    }
    flops /= best / 1000;
    return flops;
  } finally {
    model.close();
  }
}

/**
 * The losses as observations of the quality model, each rung a group of its own: only equal tokens are compared. How far
 * differences moved from rung to rung tells how far they may yet move, so it is added to the noise; for the last rung, as
 * much as on the way to it.
 */
export function proxyObservations({ candidates, rungTokens }: Omit<ProxyResult, "where">): Observation[] {
  const moved = rungTokens.map((_, rung) => movedFrom(candidates, rung));
  moved[moved.length - 1] = moved.at(-2) ?? 0;
  return candidates.flatMap(({ proxy, losses }) =>
    losses.flatMap((loss, rung): Observation[] => {
      if (loss === null) return [];
      const place = { group: `proxies, rung ${rung + 1}`, source: "proxies" };
      const drift = moved.slice(rung).reduce((sum, step) => sum + step, 0);
      return [{ shape: proxy, ...place, logLoss: Math.log(loss), noise: noise + drift }];
    }),
  );
}

/** Root mean square of how ln(loss) moved from a rung to the next, less the mean, over those in both. */
function movedFrom(candidates: ProxyResult["candidates"], rung: number): number {
  const steps = candidates.flatMap(({ losses }) => {
    const [before, after] = [losses[rung], losses[rung + 1]];
    return typeof before === "number" && typeof after === "number" ? [Math.log(after / before)] : [];
  });
  if (steps.length < 2) return 0;
  const middle = mean(steps);
  return Math.sqrt(steps.reduce((sum, step) => sum + (step - middle) ** 2, 0) / (steps.length - 1));
}

/** What proxies should be asked about: of everything that was found, one shape per depth, evenly over the depths. */
export function proxyTargets({ top, fronts }: Pick<SearchResult, "top" | "fronts">, most = 8): Spec[] {
  const byDepth = new Map<number, Spec>();
  for (const { spec } of [...top, ...fronts.decode, ...fronts.prefill]) {
    const depth = spec.layers * spec.layerRepeat;
    if (!byDepth.has(depth)) byDepth.set(depth, spec);
  }
  const specs = [...byDepth].sort(([a], [b]) => a - b).map(([, spec]) => spec);
  if (specs.length <= most) return specs;
  return Array.from({ length: most }, (_, i) => specs[Math.round((i * (specs.length - 1)) / (most - 1))]!);
}
