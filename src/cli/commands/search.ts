// handheld search: the architecture to train for a device, found before anything is trained.
import { type Action, defineFrame, type OptionsOf } from "../command.ts";
import { deviceHelp, remoteOptions } from "../devices.ts";
import type { CommandIo } from "../io.ts";
import { flag, integer, number, text, UsageError } from "../options.ts";

export const searchFrame = defineFrame({
  name: "search",
  summary: "Find the fastest architecture of a size for a device, before training it",
  details:
    "Calibrates the device (about a minute), predicts speed, memory and quality of every shape of a space, builds the best ones\n" +
    "with random weights and measures them whole. Says which shape wins and why; --report draws it.\n" +
    "Objectives: decode, prefill, memory, ttft@512 (first token after a prompt of 512), ttft@512+64 (an answer of 64 too),\n" +
    "energy@512+64 (joules of that, where the device counts them).\n" +
    "A machine that does not stay the same while it is calibrated is calibrated again, up to three times, then refused.\n" +
    "Spaces: phonelm (PhoneLM section 3.1), mobilellm, wide, or a JSON file. See docs/search.md.",
  arguments: {},
  options: {
    params: text("--params <n|model>", "stored parameters (1.5B), or as many as this model has (PhoneLM-1.5B)"),
    tolerance: number("--tolerance <percent>", "how far from --params a shape may be", { min: 0.01, max: 50 }, 2),
    device: text("--device <name>", `${deviceHelp}, a profile file, or a name of "device --list"`, "local"),
    objective: text("--objective <name>", "what to be best in", "decode"),
    context: integer(
      "--context <tokens>",
      "length of prompt and cache that speeds are for",
      { min: 1, max: 1 << 20 },
      256,
    ),
    minQuality: text(
      "--min-quality <share|model>",
      "least quality: share of the space's best, or that of a model",
      "0.97",
    ),
    maxMemory: number("--max-memory <bytes>", "most memory for weights, cache and buffers (900M, 1.5G)", { min: 1e5 }),
    space: text("--space <name|file>", "where to look", "phonelm"),
    top: integer("--top <n>", "shapes to list", { min: 1, max: 200 }, 10),
    verify: integer("--verify <n>", "of these, so many are measured (default: 3 where they can be)", {
      min: 0,
      max: 50,
    }),
    proxy: text("--proxy <text>", "train small models on this text file for evidence of quality"),
    proxyMinutes: number("--proxy-minutes <n>", "how long that may take", { min: 0.05, max: 1e4 }, 10),
    proxyFolder: text("--proxy-folder <dir>", "where they are kept; an interrupted run goes on", "runs/proxies"),
    write: text("--write <file>", "write the winner's spec, for create, train and bench"),
    writeHf: text("--write-hf <file>", "write the winner's Hugging Face config.json"),
    report: text("--report <file>", "write a page with charts"),
    csv: text("--csv <file>", "write every listed shape as CSV"),
    saveProfile: text("--save-profile <file>", "keep the calibration, for --device here or on another machine"),
    about: text(
      "--about <text>",
      "with --save-profile: what readers should know of the machine and how it was measured",
    ),
    acceptUnsteady: flag("--accept-unsteady", "use a calibration though the machine was busy; say so"),
    ...remoteOptions,
  },
  examples: [
    ["search --params 1.5B", "the fastest decoder of PhoneLM's space on this machine"],
    [
      "search --params PhoneLM-1.5B --min-quality PhoneLM-1.5B --report search.html",
      "better than a model, at its size",
    ],
    ["search --params 125M --space mobilellm --objective ttft@512+64 --save-profile laptop.json", "for short answers"],
    ["search --params 1.5B --space wide --device laptop.json --write configs/mine.json", "with a kept calibration"],
    ["search --params 0.5B --device phone --https --save-profile phone.json", "for a phone, measured in its browser"],
    ["search --params 50M --space wide --proxy text.txt --proxy-minutes 20", "with evidence from small models"],
  ],
});

/** The parsed command line of `handheld search`. */
export type SearchLine = OptionsOf<typeof searchFrame>;

export const runSearch: Action<typeof searchFrame> = async (line, io) => {
  const { createFinding } = await import("../../search/index.ts");
  const { openSearchDevice } = await import("./search-device.ts");
  const { checkEnergy, findShapes, planSearch, verifyBest } = await import("./search-steps.ts");
  const { describeFinding } = await import("./search-output.ts");
  const plan = await planSearch(line);
  await checkEnergy(plan.objective, line.device);
  const power = plan.objective.unit === "J" || line.saveProfile !== undefined;
  const device = await openSearchDevice(line.device, { ...line, power, io });
  try {
    if (!device.profile.quality.steady) io.warn(`${device.name} was busy while it was calibrated: speeds are rough`);
    if (line.verify !== undefined && line.verify > 0 && device.verify === null) {
      throw new UsageError(`--verify: ${line.device} is the profile of another machine (${device.name}); leave it out`);
    }
    await keepProfile(line, device.profile, io); // before anything else can fail, or be stopped
    const { result, proxy } = await findShapes(line, plan, device, io);
    const verified = await verifyBest(line, plan, device, result, io);
    const { engine, date, quality, deviation } = device.profile;
    const about = {
      name: device.name,
      date,
      threads: engine.threads,
      engine: `${engine.backend}, ${engine.simd} SIMD`,
      profile: device.origin,
      steady: quality.steady,
      deviation,
    };
    const finding = createFinding({ result, device: about, seed: line.seed, verified, proxy });
    io.print(describeFinding(finding));
    await writeFiles(line, finding, io);
    io.result({ ...finding });
  } finally {
    await device.close();
  }
};

type Found = Parameters<typeof import("./search-output.ts").describeFinding>[0];
type Profile = Awaited<ReturnType<typeof import("./search-device.ts").openSearchDevice>>["profile"];

async function keepProfile({ saveProfile, about }: SearchLine, profile: Profile, io: CommandIo): Promise<void> {
  if (saveProfile === undefined) return;
  const { saveLatencyProfile } = await import("../../search/index.ts");
  await saveLatencyProfile(saveProfile, { ...profile, ...(about !== undefined && { about }) });
  io.print(`  profile: ${saveProfile}`);
}

async function writeFiles(line: SearchLine, finding: Found, io: CommandIo): Promise<void> {
  const { writeFileAtomic } = await import("../../io.ts");
  const { renderSearchReport } = await import("../../report/index.ts");
  const { hfConfigFile, specFile, toCsv } = await import("./search-output.ts");
  const { spec } = finding.winner;
  const files: [string | undefined, string, () => string][] = [
    [line.write, "spec", () => specFile(spec)],
    [line.writeHf, "Hugging Face config", () => hfConfigFile(spec)],
    [line.report, "report", () => renderSearchReport(finding)],
    [line.csv, "table", () => toCsv(finding)],
  ];
  for (const [path, what, make] of files) {
    if (path === undefined) continue;
    await writeFileAtomic(path, make());
    io.print(`  ${what}: ${path}`);
  }
}
