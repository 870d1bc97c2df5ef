// handheld results: what evaluations have found out, from the records in a folder: a list, one of them, two beside each
// other, or all as a table for spreadsheets.
import { HandheldError } from "../../errors.ts";
import { writeFileAtomic } from "../../io.ts";
import type { ResultRecord } from "../../results/record.ts";
import { findRecord, recordOrders, selectRecords, sortRecords } from "../../results/select.ts";
import type { Problem } from "../../results/store.ts";
import { type Action, defineFrame } from "../command.ts";
import type { CommandIo } from "../io.ts";
import { choice, optional, text, UsageError } from "../options.ts";
import { showComparison, showList, showRecord } from "./results-tables.ts";
import { resultsFolder } from "./shared.ts";

const actions = ["list", "show", "compare", "export"] as const;

export const resultsFrame = defineFrame({
  name: "results",
  summary: "List, show, compare and export the records of evaluations",
  details:
    "handheld eval appends a record to the folder for every run with --tasks, --suite, --needle or --cost. A record is named\n" +
    "by its id; its beginning or its last letters are enough. A damaged record is moved to quarantine/ and reported.",
  arguments: {
    action: optional("[action]", `${actions.join(", ")} (default: list)`),
    ids: optional("[ids...]", "one record to show, two to compare"),
  },
  options: {
    folder: text("--folder <path>", "folder of the records", resultsFolder),
    model: text("--model <text>", "only records of models with this in their name"),
    task: text("--task <name>", "only records with this task; the list shows its score"),
    device: text("--device <text>", "only records of devices with this in their name or processor"),
    suite: text("--suite <name>", "only records of this suite"),
    since: text("--since <date>", "only records of this day (2026-11-26) and later ones"),
    sort: choice("--sort <column>", "order of the list", recordOrders, "date"),
    csv: text("--csv <file>", "of export: the file (default: standard output)"),
  },
  examples: [
    ["results", "all records, the newest first"],
    ["results list --task piqa --sort score", "the models by their score in PIQA"],
    ["results show 9f86d081", "one record in full"],
    ["results compare 9f86d081 60303ae2", "two records, with tests of their differences"],
    ["results export --suite phonelm --csv phonelm.csv", "a row per number, for a spreadsheet or a data frame"],
  ],
});

export const runResults: Action<typeof resultsFrame> = async (line, io) => {
  const action = actions.find((name) => name === (line.action ?? "list"));
  const ids = (line.ids ?? "").split(" ").filter(Boolean);
  if (action === undefined) throw new UsageError(`there is no "${line.action}"; results can ${actions.join(", ")}`);
  const wanted = { list: 0, show: 1, compare: 2, export: 0 }[action];
  if (ids.length !== wanted) throw new UsageError(`${action} takes ${["no ids", "one id", "two ids"][wanted]}`);
  const { readRecords } = await import("../../results/store.ts");
  const { records, problems } = await readRecords(line.folder);
  for (const { file, kind, reason } of problems) {
    io.warn(`${file}: ${reason}${kind === "quarantined" ? `; moved to ${line.folder}/quarantine` : ""}`);
  }
  if (action === "list") return list(select(records, line), line, problems, io);
  if (action === "export") return exportCsv(select(records, line), line.csv, io);
  const [first, second] = ids.map((id) => findRecord(records, id));
  if (action === "compare") return compare(first!, second!, line.folder, io);
  io.result({ record: first! });
  showRecord(first!, io);
};

type Line = Parameters<typeof runResults>[0];

function select(records: readonly ResultRecord[], line: Line): ResultRecord[] {
  const { model, task, device, suite, since } = line;
  return sortRecords(selectRecords(records, { model, task, device, suite, since: readDate(since) }), line.sort, task);
}

/** A day, or a moment, as records have it. */
function readDate(given: string | undefined): string | undefined {
  if (given === undefined) return undefined;
  const date = /^\d{4}-\d\d(-\d\d(T[\d:.]+Z?)?)?$/.test(given) ? new Date(given) : new Date(Number.NaN);
  if (!Number.isNaN(date.getTime())) return date.toISOString();
  throw new UsageError(`--since takes a date such as 2026-11-26, got "${given}"`);
}

function list(records: readonly ResultRecord[], line: Line, problems: readonly Problem[], io: CommandIo): void {
  io.result({ records, problems });
  if (records.length > 0) showList(records, line.task, io);
  else io.print(`no records in ${line.folder} that fit; handheld eval <model> --suite quick makes one`);
}

async function exportCsv(records: readonly ResultRecord[], path: string | undefined, io: CommandIo): Promise<void> {
  const { recordsToCsv } = await import("../../results/csv.ts");
  const csv = recordsToCsv(records);
  io.result({ records: records.length, file: path ?? null });
  if (path === undefined) return io.write(csv);
  await writeFileAtomic(path, csv);
  io.print(`${records.length} record${records.length === 1 ? "" : "s"} in ${path}`);
}

async function compare(a: ResultRecord, b: ResultRecord, folder: string, io: CommandIo): Promise<void> {
  const { compareRecords } = await import("../../results/compare.ts");
  const { readSamples } = await import("../../results/samples.ts");
  const samples = async (record: ResultRecord) => {
    try {
      return await readSamples(folder, record);
    } catch (error) {
      if (!(error instanceof HandheldError)) throw error;
      io.warn(`${error.message}; its questions cannot be paired`);
      return null;
    }
  };
  const comparison = compareRecords(a, b, [await samples(a), await samples(b)]);
  io.result({ ...comparison });
  showComparison(comparison, io);
}
