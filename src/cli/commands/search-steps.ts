// The steps of `handheld search`: reading what is asked for, finding shapes (with proxies where they are asked for), and
// measuring the best.
import { openEnergyMeter } from "../../devices/energy/meter.ts";
import { HandheldError, suggest } from "../../errors.ts";
import { readTextFile } from "../../io.ts";
import { loadSpec } from "../../model/spec-file.ts";
import { DeviceError } from "../../remote/errors.ts";
import {
  allLandmarks,
  type Budget,
  createObjective,
  createPredictor,
  createQualityModel,
  loadSpace,
  type Objective,
  onDevice,
  type ProxyResult,
  proxyObservations,
  proxyTargets,
  publishedObservations,
  type QualityFloor,
  type SearchOptions,
  type SearchResult,
  type Space,
  search,
  summarizeTurns,
  type TimedTurn,
  trainProxies,
  type VerifiedCandidate,
} from "../../search/index.ts";
import { countParameters } from "../../spec/arithmetic.ts";
import type { Spec } from "../../spec/spec.ts";
import type { CommandIo } from "../io.ts";
import { number, UsageError } from "../options.ts";
import type { Progress } from "../progress.ts";
import type { SearchLine } from "./search.ts";
import type { SearchDevice } from "./search-device.ts";

/** What a command line asks for, before any device is opened. */
export interface SearchPlan {
  space: Space;
  budget: Budget;
  objective: Objective;
  floor: QualityFloor;
}

/** Reads the options. @throws UsageError, HandheldError as its parts do */
export async function planSearch(line: SearchLine): Promise<SearchPlan> {
  const space = await loadSpace(line.space);
  const objective = createObjective(line.objective, line.context);
  const longest = Math.max(objective.at.prompt, objective.at.context);
  if (longest > space.context) {
    throw new UsageError(
      `lengths of ${longest} tokens are beyond the context of ${space.context} of space ${space.name}`,
    );
  }
  return { space, objective, budget: await readBudget(line, space), floor: await readFloor(line.minQuality) };
}

/** Says before a minute of calibration, not after it, that nothing here counts energy. @throws HandheldError `unsupported` */
export async function checkEnergy(objective: Objective, device: string): Promise<void> {
  if (objective.unit !== "J" || (device !== "local" && device !== "phone")) return;
  const { meter, note } = await openEnergyMeter();
  const missing = device === "phone" ? "browsers do not tell what energy is used" : note;
  if (meter === null || device === "phone")
    onDevice(objective, { profile: { energy: { watts: null, note: missing } } });
}

async function readBudget({ params, tolerance }: SearchLine, space: Space): Promise<Budget> {
  if (params === undefined) {
    if (space.parameters !== undefined) return space.parameters;
    throw new UsageError(`--params: how many parameters? Space ${space.name} has none of its own; try --params 1.5B`);
  }
  const wanted = isNumber(params)
    ? number("--params", "", { min: 1000 }).parse!(params)!
    : countParameters((await findArchitecture("--params", params)).spec).total;
  return { min: wanted * (1 - tolerance / 100), max: wanted * (1 + tolerance / 100) };
}

async function readFloor(text: string): Promise<QualityFloor> {
  if (!isNumber(text)) return findArchitecture("--min-quality", text);
  return { share: number("--min-quality", "", { min: 0, max: 1 }).parse!(text)! };
}

function isNumber(text: string): boolean {
  return /^[\d.]/.test(text.trim());
}

/** A preset, a catalogue model, a file or a model directory. */
async function findArchitecture(option: string, name: string): Promise<{ name: string; spec: Spec }> {
  const known = allLandmarks();
  const found = known.find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (found !== undefined) return { name: found.name, spec: found.spec };
  if (/[/\\]|\.json$/.test(name)) return { name, spec: await loadSpec(name) };
  const names = known.map((one) => one.name);
  throw new UsageError(
    `${option}: "${name}" is neither a number nor a known model${suggest(name, names) || '; see "handheld models"'}`,
  );
}

/** Searches; with `--proxy`, trains proxies of what was found and searches again with what they say. */
export async function findShapes(
  line: SearchLine,
  plan: SearchPlan,
  device: SearchDevice,
  io: CommandIo,
): Promise<{ result: SearchResult; proxy: ProxyResult | null }> {
  const options: SearchOptions = {
    ...plan,
    predictor: createPredictor(device.profile),
    maxMemoryBytes: line.maxMemory,
    top: Math.max(line.top, line.verify ?? 0),
    seed: line.seed,
    signal: io.signal,
  };
  const look = async (changes: Partial<SearchOptions> = {}) => {
    const progress = io.progress("Searching", { unit: "shapes" });
    const onProgress = (done: number, total: number) => progress.update(done, "", total);
    const found = await search({ ...options, ...changes, onProgress });
    progress.finish(`${found.evaluated} shapes`);
    return found;
  };
  const first = await look();
  if (line.proxy === undefined) return { result: first, proxy: null };
  const proxy = await proxies(line, line.proxy, first, device, io);
  const quality = createQualityModel([...publishedObservations(), ...proxyObservations(proxy)]);
  return { result: await look({ quality }), proxy };
}

async function proxies(
  line: SearchLine,
  path: string,
  found: SearchResult,
  device: SearchDevice,
  io: CommandIo,
): Promise<ProxyResult> {
  let progress: Progress | null = null;
  const result = await trainProxies({
    backend: await device.backend(),
    targets: proxyTargets(found),
    text: await readTextFile(path),
    where: path,
    folder: line.proxyFolder,
    question: JSON.stringify([
      line.space,
      line.params,
      line.tolerance,
      line.minQuality,
      line.maxMemory,
      line.objective,
    ]),
    minutes: line.proxyMinutes,
    seed: line.seed,
    signal: io.signal,
    onProgress(done, total, note) {
      // What an interrupted run did before says nothing of how long the rest takes.
      progress ??= io.progress("Training proxies", { unit: "steps", start: done });
      progress.update(done, note, total);
    },
  });
  (progress as Progress | null)?.finish();
  return result;
}

/** A machine that is slower by more than this share is worth a word. */
const mentionedPace = 0.1;

/** Measures the best, beside the model that quality is compared with; nothing where the device is not here. */
export async function verifyBest(
  line: SearchLine,
  { objective, floor }: SearchPlan,
  device: SearchDevice,
  { top }: SearchResult,
  io: CommandIo,
): Promise<VerifiedCandidate[]> {
  const count = line.verify ?? 3;
  if (count === 0 || device.verify === null) return [];
  const specs = top.slice(0, count).map(({ spec }) => spec);
  if ("spec" in floor) specs.push(floor.spec);
  const progress = io.progress("Measuring", { unit: "turns" });
  const asked = { ...objective.at, predictor: createPredictor(device.profile) };
  const turns: TimedTurn[] = [];
  try {
    const measured = await device.verify(specs, {
      ...asked,
      signal: io.signal,
      onTurn: (turn) => turns.push(turn),
      onProgress: (done, total) => progress.update(done, "", total),
    });
    const disturbed = measured.filter((one) => one.disturbed).length;
    if (disturbed > 0)
      io.warn(
        `beside ${disturbed} of ${measured.length} shapes the machine was not as it was when it was calibrated (busy, ` +
          "throttled, or another one): do not rely on small differences, nor compare them with what was predicted",
      );
    const slower = Math.max(...measured.flatMap(({ prefill, decode }) => [prefill.pace, decode.pace])) - 1;
    if (slower > mentionedPace)
      io.warn(
        `the machine was up to ${(100 * slower).toFixed(0)} % slower than when it was calibrated; measured speeds are brought ` +
          "to the pace that it had then",
      );
    return measured;
  } catch (error) {
    // What was found stays worth showing when the device has no room, or has gone; so does what it measured until then.
    const bearable = error instanceof HandheldError && error.code === "out-of-memory";
    if (!bearable && !(error instanceof DeviceError)) throw error;
    const measured = summarizeTurns(specs, turns, asked);
    const kept =
      measured.length === 0
        ? ""
        : `; ${turns.length} turns of ${measured.length === 1 ? "1 shape" : `${measured.length} shapes`} are kept`;
    io.warn(`the best shapes could not be measured${kept === "" ? "" : " to the end"}: ${error.message}${kept}`);
    return measured;
  } finally {
    progress.finish();
  }
}
