// The results as Markdown: a table per place and shape, ratios first, then how they were measured.
import { formatBytes, formatPercent, formatRate } from "../../src/format.ts";
import { findEngine, type Place } from "./engines/registry.ts";
import { compare, type Entry, entriesOf, type Figure, figuresOf, type Results, statistic } from "./results.ts";

export const placeTitles: Record<Place, string> = { node: "Node", chromium: "Chromium" };

/** The whole document. */
export function renderMarkdown(results: Results): string {
  const shapes = [...new Set(results.runs.map(({ shape }) => shape))];
  const sections = (["node", "chromium"] as const).flatMap((place) => {
    const parts = shapes.flatMap((shape) => section(results, shape, place));
    return parts.length === 0 ? [] : [`## ${placeTitles[place]}`, ...parts];
  });
  return `${[`# Handheld and its peers`, conditions(results), ...sections, ...failures(results)].join("\n\n")}\n`;
}

function section(results: Results, shape: string, place: Place): string[] {
  const figures = figuresOf(results.options);
  const cells = figures.map((figure) => entriesOf(results, shape, place, figure));
  const engines = [...new Set(cells.flat().map(({ engine }) => engine))];
  if (engines.length === 0) return [];
  const rows = engines.map((engine) => {
    const own = cells.map((entries) => entries.find((entry) => entry.engine === engine));
    return `| ${engine.title}${engine.role === "aside" ? " *" : ""} | ${own.map(cell).join(" | ")} |`;
  });
  const ratios = cells.map((entries) => {
    const found = compare(entries);
    return found === null ? "" : `**${formatRate(found.ratio)} ×**`;
  });
  return [
    `### ${shape}`,
    [
      `| tokens per second | ${figures.map(figureTitle).join(" | ")} |`,
      `| --- |${figures.map(() => " ---: |").join("")}`,
      ...rows,
      `| **Handheld ÷ best peer** | ${ratios.join(" | ")} |`,
    ].join("\n"),
  ];
}

/** "prefill of 256", "decode at 64". */
export function figureTitle({ phase, tokens }: Figure): string {
  return phase === "prefill" ? `prefill of ${tokens}` : `decode at ${tokens}`;
}

function cell(entry: Entry | undefined): string {
  if (entry === undefined) return "–";
  const { speed, bandwidthShare } = entry;
  const spread = speed.rounds > 1 ? ` ± ${formatPercent(speed.spread / 2, 0)}` : "";
  return `${formatRate(speed.median)}${spread}${bandwidthShare === null ? "" : ` (${formatPercent(bandwidthShare, 0)})`}`;
}

function conditions(results: Results): string {
  const { device, versions, threads, options } = results;
  const rounds = results.bandwidthGBps.length; // fewer than asked for after Ctrl-C
  const memory = device.memoryBytes === null ? "" : `, ${formatBytes(device.memoryBytes)} of memory`;
  const bandwidth = statistic(results.bandwidthGBps);
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const at = ` ± ${formatPercent(bandwidth.spread / 2, 0)}`;
  return [
    `${device.cpuModel ?? "unknown processor"}, ${device.cores} cores${memory}; ${threads} threads for every engine. ${packages.join(", ")}. ` +
      `${results.date.slice(0, 10)}, commit ${results.commit}.`,
    `Median of ${rounds} ${rounds === 1 ? "round" : "rounds"} ± half the range; a fresh process (or browser) per engine and round, the order ` +
      `reversed in every second; in a process the median of up to ${options.repeats} repeats. Prefill: a prompt into an empty cache, to ` +
      "the first token. Decode: greedy, one token at a time behind the context; in brackets the share of the machine's read bandwidth " +
      `(${formatRate(bandwidth.median)} GB/s${at}) that the engine's weights and cache account for. Random 4-bit weights.`,
    ...(results.runs.some(({ engine }) => findEngine(engine).role === "aside")
      ? ["\\* Only the time inside its kernels, by its own profile: not how it can be used, and not counted as a peer."]
      : []),
  ].join("\n\n");
}

function failures({ runs }: Results): string[] {
  const failed = new Map<string, string>();
  for (const { engine, shape, error } of runs) {
    if (error !== undefined)
      failed.set(`${findEngine(engine).title} (${placeTitles[findEngine(engine).place]}), ${shape}`, error);
  }
  if (failed.size === 0) return [];
  return ["## Failed", [...failed].map(([what, error]) => `- ${what}: ${error.split("\n")[0]}`).join("\n")];
}
