// The study of docs/search.md: do the papers' claims about shape and speed hold on a device? Run after `npm run build`:
//   node bench/search-study.ts --save-profile here.json          calibrate (a minute), then measure everything (about 20 min)
//   node bench/search-study.ts --profile here.json               with a kept calibration
//   node bench/search-study.ts --profile here.json --predict     predictions alone, in seconds
//        [--device local|chromium|phone|ssh:…|adb] [--sections table7,table2,space,shapes,options,quality,enumeration]
//        [--sizes PhoneLM-0.5B,PhoneLM-1.5B] [--prompt 64] [--context 64] [--rounds 3] [--patience 60] [--threads 2]
//        [--accept-unsteady] [--json <file>]
// `--device chromium` opens the page of `handheld search --device phone` in Chromium here; `phone` is any other browser.
// Models have random int4 weights and are measured whole, by turns, while the device is as it was when it was calibrated
// (`--patience`: seconds to wait for that, for each table); a speed is the median of the rounds. Sampling is left out.
// Prints tables in Markdown; * marks spreads of models beside which it never was.
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { writeFileAtomic } from "../src/io.ts";
import { alsoClosing } from "../src/remote/device.ts";
import { calibrateOn, type Device, type Invitation, openDevice, verifyOn } from "../src/remote/index.ts";
import {
  createObjective,
  createPredictor,
  createQualityModel,
  createSpace,
  loadSpace,
  predictHeldOut,
  publishedObservations,
  readLatencyProfile,
  saveLatencyProfile,
  search,
  spearmanInterval,
  untilSteady,
} from "../src/search/index.ts";
import { lossRows, phoneSpeedRows } from "../src/search/quality/tables.ts";
import { wide } from "../src/search/spaces/wide.ts";
import { countParameters } from "../src/spec/arithmetic.ts";
import { preset } from "../src/spec/presets.ts";
import { createSpec, type Spec } from "../src/spec/spec.ts";
import { setting } from "./fresh.ts";
import { equalSizeShapes, optionVariants } from "./search-study-shapes.ts";

const sections = ["table7", "table2", "space", "shapes", "options", "quality", "enumeration"] as const;
const { values: options } = parseArgs({
  options: {
    device: { type: "string", default: "local" },
    profile: { type: "string" },
    "save-profile": { type: "string" },
    "accept-unsteady": { type: "boolean", default: false },
    predict: { type: "boolean", default: false },
    sections: { type: "string", default: sections.join() },
    sizes: { type: "string", default: "PhoneLM-0.5B,PhoneLM-1.5B" },
    prompt: { type: "string", default: "64" },
    context: { type: "string", default: "64" },
    rounds: { type: "string", default: "3" },
    patience: { type: "string", default: "60" },
    threads: { type: "string", default: String(Math.min(8, availableParallelism())) },
    json: { type: "string" },
  },
});
const threads = Number(options.threads);
const rounds = Number(options.rounds);
const patienceSeconds = Number(options.patience);
const at = { prompt: Number(options.prompt), context: Number(options.context) };
const device = await open(options.device);
const quality = createQualityModel();

/** Speeds of a model, tokens per second. */
interface Speeds {
  prefill: number;
  decode: number;
  /** Largest spread of the two over the rounds; null where they are predicted. */
  spread: number | null;
  /** The device was never as it was when it was calibrated. */
  disturbed: boolean;
  predictedPrefill: number;
  predictedDecode: number;
}

const predictor = createPredictor(await openProfile());
const { cpuModel, cores, platform, runtime } = predictor.profile.device;
const about = {
  ...setting(threads, rounds),
  device: `${cpuModel ?? platform}, ${cores} cores`,
  node: `${runtime.name} ${runtime.version}`,
  rounds: options.predict ? "predicted" : `measured whole, ${rounds} rounds by turns`,
  date: new Date().toISOString().slice(0, 10),
  lengths: `prompt ${at.prompt}, context ${at.context}`,
};
const results: Record<string, unknown> = { ...about };
console.log(Object.values(about).join(" · "));
for (const name of options.sections.split(",")) {
  const section = { table7, table2, space, shapes, options: optionsSection, quality: qualitySection, enumeration }[
    name
  ];
  if (section === undefined) throw new Error(`--sections: ${name} is none of ${sections.join()}`);
  results[name] = await section();
}
if (options.json !== undefined) await writeFileAtomic(options.json, `${JSON.stringify(results, null, 1)}\n`);
await device.close();

async function open(name: string): Promise<Device> {
  if (name !== "chromium") {
    return openDevice(name, { phone: { onInvite: ({ url }) => console.error(`open ${url}`) } });
  }
  const { launchChromium, linkAt } = await import("../test/support/chromium.ts");
  const browser = await launchChromium();
  const page = await browser.newPage();
  const onInvite = (invitation: Invitation) => void page.goto(linkAt(invitation, "localhost"));
  return alsoClosing(await openDevice("phone", { phone: { port: 0, onInvite } }), () => browser.close());
}

async function openProfile() {
  if (options.profile !== undefined) return readLatencyProfile(options.profile);
  const calibrate = () => calibrateOn(device, { threads, acceptUnsteady: options["accept-unsteady"] });
  const profile = await untilSteady(calibrate, { onRetry: (reason) => console.error(`calibrating again: ${reason}`) });
  if (options["save-profile"] !== undefined) await saveLatencyProfile(options["save-profile"], profile);
  return profile;
}

async function speedsOf(specs: readonly Spec[]): Promise<Speeds[]> {
  const predicted = specs.map((spec) => predictor.speed(spec, at));
  const measured = options.predict
    ? null
    : await verifyOn(device, specs, { ...at, rounds, predictor, patienceSeconds, threads });
  return predicted.map(({ prefillTokensPerSecond, decodeTokensPerSecond }, i) => {
    const [predictedPrefill, predictedDecode] = [prefillTokensPerSecond.value, decodeTokensPerSecond.value];
    const both = { predictedPrefill, predictedDecode };
    if (measured === null)
      return { prefill: predictedPrefill, decode: predictedDecode, spread: null, disturbed: false, ...both };
    const { prefill, decode, disturbed } = measured[i]!;
    const spread = Math.max(prefill.spread, decode.spread);
    return { prefill: prefill.tokensPerSecond, decode: decode.tokensPerSecond, spread, disturbed, ...both };
  });
}

/** The 36 architectures of PhoneLM's Table 7, here and on the paper's phone. */
async function table7() {
  const specs = lossRows.map(
    ({ loss: _, group: _group, prefillTokensPerSecond: _p, decodeTokensPerSecond: _d, ...shape }) =>
      createSpec({ ...shape, vocabulary: 49_152 }),
  );
  const speeds = await speedsOf(specs);
  heading("Table 7: 36 architectures here and on the phone");
  table(
    ["group", "layers × width", "activation", "heads", "prefill", "decode", "spread", "phone prefill", "phone decode"],
    lossRows.map((row, i) => {
      const { prefill, decode } = speeds[i]!;
      const shape = [row.group, `${row.layers} × ${row.width}`, row.activation, `${row.heads}/${row.kvHeads}`];
      return [
        ...shape,
        ...[prefill, decode].map(rate),
        spreadOf(speeds[i]!),
        row.prefillTokensPerSecond,
        row.decodeTokensPerSecond,
      ];
    }),
  );
  const phone = (row: (typeof lossRows)[number]) => ({
    prefill: row.prefillTokensPerSecond,
    decode: row.decodeTokensPerSecond,
  });
  return correlate(lossRows.map((row, i) => ({ group: row.group, here: speeds[i]!, phone: phone(row) })));
}

/** PhoneLM's seven shapes of 1.5 B. */
async function table2() {
  const specs = phoneSpeedRows.map(({ width, ffnWidth, layers }) =>
    createSpec({ width, ffnWidth, layers, heads: 16, vocabulary: 49_152, ropeTable: "int8" }),
  );
  const speeds = await speedsOf(specs);
  heading("Table 2: seven shapes of 1.5 B here and on the phone");
  table(
    ["layers × width", "FFN", "parameters", "prefill", "decode", "spread", "phone prefill", "phone decode"],
    phoneSpeedRows.map((row, i) => {
      const { prefill, decode } = speeds[i]!;
      const shape = [`${row.layers} × ${row.width}`, row.ffnWidth, billions(specs[i]!)];
      return [
        ...shape,
        rate(prefill),
        rate(decode),
        spreadOf(speeds[i]!),
        row.prefillTokensPerSecond,
        row.decodeTokensPerSecond,
      ];
    }),
  );
  return correlate(
    phoneSpeedRows.map((row, i) => {
      const phone = { prefill: row.prefillTokensPerSecond, decode: row.decodeTokensPerSecond };
      return { group: "1.5B", here: speeds[i]!, phone };
    }),
  );
}

interface Pair {
  group: string;
  here: Speeds;
  phone: { prefill: number; decode: number };
}

function correlate(pairs: readonly Pair[]) {
  const groups = [...new Set(pairs.map(({ group }) => group))];
  const found = (["prefill", "decode"] as const).flatMap((phase) =>
    [...groups, "all"].flatMap((group) => {
      const members = pairs.filter((pair) => group === "all" || pair.group === group);
      if (group === "all" && groups.length === 1) return [];
      const here = members.map((pair) => pair.here[phase]);
      const interval = spearmanInterval(
        here,
        members.map((pair) => pair.phone[phase]),
      );
      return [{ phase, group, models: members.length, ...interval }];
    }),
  );
  console.log("");
  for (const { phase, group, models, value, low, high } of found) {
    console.log(
      `- ${phase}, ${group} (${models}): Spearman ${value.toFixed(2)} (90 % interval ${low.toFixed(2)} to ${high.toFixed(2)})`,
    );
  }
  return found;
}

/** The winner of PhoneLM's space at the size of a model, for decode and for prefill, no worse in predicted loss. */
async function space() {
  const found = [];
  for (const name of options.sizes.split(",")) {
    const reference = { name, spec: preset(name) };
    const { total } = countParameters(reference.spec);
    const budget = { min: total * 0.99, max: total * 1.01 };
    const phonelm = await loadSpace("phonelm");
    const winners: [string, Spec][] = [[name, reference.spec]];
    for (const text of ["decode", "prefill"]) {
      const objective = createObjective(text, at.context);
      const result = await search({ space: phonelm, budget, predictor, objective, floor: reference });
      winners.push([`best in ${text} of ${result.evaluated}`, result.top[0]!.spec]);
    }
    heading(`PhoneLM's space at the size of ${name}`);
    found.push(await compare(winners));
  }
  return found;
}

/** Shapes of other families at the same size, vocabulary and number format. */
async function shapes() {
  const found = [];
  for (const name of options.sizes.split(",")) {
    const reference = preset(name);
    heading(`Other families' shapes at the size of ${name}, vocabulary 49,152, tied`);
    found.push(await compare([[name, reference], ...equalSizeShapes(reference)]));
  }
  return found;
}

/** What ReLU, fewer key/value heads, tying and sharing bring. */
async function optionsSection() {
  const found = [];
  for (const name of options.sizes.split(",")) {
    heading(`Options, from the shape of ${name}`);
    found.push(await compare([[name, preset(name)], ...optionVariants(preset(name))]));
  }
  return found;
}

async function compare(models: readonly (readonly [string, Spec])[]) {
  const specs = models.map(([, spec]) => spec);
  const speeds = await speedsOf(specs);
  const rows = models.map(([name, spec], i) => {
    const { prefill, decode, spread, predictedPrefill, predictedDecode } = speeds[i]!;
    const loss = quality.relativeLoss(spec, specs[0]!);
    const against = (key: "prefill" | "decode") => speeds[i]![key] / speeds[0]![key] - 1;
    const memoryBytes = predictor.memoryBytes(spec, at.context);
    const changes = { prefillGain: against("prefill"), decodeGain: against("decode") };
    return { name, spec, prefill, decode, spread, predictedPrefill, predictedDecode, memoryBytes, loss, ...changes };
  });
  table(
    [
      "model",
      "layers × width",
      "FFN",
      "heads",
      "parameters",
      "prefill",
      "",
      "decode",
      "",
      "spread",
      "memory",
      "predicted loss",
    ],
    rows.map(({ name, spec, prefill, decode, prefillGain, decodeGain, memoryBytes, loss }, i) => [
      name,
      `${spec.layers}${spec.layerRepeat > 1 ? ` (× ${spec.layerRepeat})` : ""} × ${spec.width}`,
      spec.ffnWidth,
      `${spec.heads}/${spec.kvHeads}`,
      billions(spec),
      ...[rate(prefill), signed(prefillGain), rate(decode), signed(decodeGain), spreadOf(speeds[i]!)],
      `${Math.round(memoryBytes / 1e6)} MB`,
      `${signed(loss.value - 1)} (${signed(loss.low - 1)} to ${signed(loss.high - 1)})`,
    ]),
  );
  return rows;
}

/** Leave-one-out over PhoneLM's losses within each size: single rows, and whole shapes with all their variants. */
async function qualitySection() {
  const observations = publishedObservations();
  heading("Quality model: losses of Table 7, each predicted from the others");
  const rows = ["PhoneLM 100M", "PhoneLM 200M"].flatMap((group) => {
    const members = [...observations.keys()].filter((i) => observations[i]!.group === group);
    const actual = members.map((i) => observations[i]!.logLoss);
    return (["row", "shape"] as const).map((left) => {
      const predicted = members.map((i) => {
        const { width } = observations[i]!.shape;
        const out = left === "row" ? [i] : members.filter((j) => observations[j]!.shape.width === width);
        return predictHeldOut(observations, out)[out.indexOf(i)]!;
      });
      const inside = predicted.filter(({ logLoss, deviation }, i) => Math.abs(logLoss - actual[i]!) < 1.96 * deviation);
      const error = Math.sqrt(
        predicted.reduce((sum, one, i) => sum + (one.logLoss - actual[i]!) ** 2, 0) / actual.length,
      );
      const losses = predicted.map(({ logLoss }) => logLoss);
      return { group, left, ...spearmanInterval(losses, actual), error, inside: inside.length / members.length };
    });
  });
  table(
    ["group", "left out", "Spearman", "90 % interval", "error of loss", "within the 95 % interval"],
    rows.map(({ group, left, value, low, high, error, inside }) => [
      ...[group, left, value.toFixed(2), `${low.toFixed(2)} to ${high.toFixed(2)}`],
      ...[share(error), share(inside)],
    ]),
  );
  return rows;
}

/** How long an exhaustive search takes. */
async function enumeration() {
  const budget = { min: 1.485e9, max: 1.515e9 };
  const started = performance.now();
  const cpu = process.cpuUsage();
  const found = await search({
    space: createSpace(wide),
    budget,
    predictor,
    objective: createObjective("decode", at.context),
  });
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const row = {
    shapes: found.evaluated,
    seconds,
    cpuSeconds: (user + system) / 1e6,
    residentBytes: process.memoryUsage().rss,
  };
  heading("An exhaustive search of the space wide at 1.5 B ± 1 %");
  table(
    ["shapes", "seconds", "processor seconds", "resident memory"],
    [[row.shapes, row.seconds.toFixed(1), row.cpuSeconds.toFixed(1), `${Math.round(row.residentBytes / 1e6)} MB`]],
  );
  return row;
}

function heading(text: string): void {
  console.log(`\n### ${text}\n`);
}

function table(heads: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  console.log(`| ${heads.join(" | ")} |\n|${heads.map(() => "--").join("|")}|`);
  for (const row of rows) console.log(`| ${row.join(" | ")} |`);
}

function rate(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(1);
}

function share(value: number | null): string {
  return value === null ? "–" : `${(100 * value).toFixed(value < 0.1 ? 1 : 0)} %`;
}

/** The spread, marked where the device was never as it was when it was calibrated. */
function spreadOf({ spread, disturbed }: Speeds): string {
  return `${share(spread)}${disturbed ? " *" : ""}`;
}

function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(100 * value).toFixed(1)} %`;
}

function billions(spec: Spec): string {
  return `${(countParameters(spec).total / 1e9).toFixed(2)} B`;
}
