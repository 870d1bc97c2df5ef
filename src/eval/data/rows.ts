// Data files as rows: Parquet, JSON Lines, JSON, CSV and TSV, and plain text by lines, by the end of the file's name.
import { DataError, HandheldError, invalidFile, ioError } from "../../errors.ts";
import { parseJson, readTextFile } from "../../io.ts";
import type { Row } from "../tasks/template.ts";

/** Ends of names that can be read, best first. */
export const dataEndings = ["parquet", "jsonl", "ndjson", "json", "csv", "tsv", "txt"] as const;

/** Rows of one file. @throws HandheldError `io`, `invalid-file` or `unsupported`, DataError with file and line */
export async function readRows(path: string): Promise<Row[]> {
  const ending = /\.(\w+)$/.exec(path)?.[1];
  switch (ending) {
    case "parquet":
      return readParquet(path);
    case "jsonl":
    case "ndjson":
      return parseJsonLines(await readTextFile(path), path);
    case "json":
      return parseJsonRows(await readTextFile(path), path);
    case "csv":
    case "tsv":
      return parseCsv(await readTextFile(path), ending === "csv" ? "," : "\t", path);
    case "txt":
      return linesOf(await readTextFile(path)).map((text) => ({ text }));
    default: {
      const known = dataEndings.map((name) => `.${name}`).join(", ");
      throw new HandheldError("unsupported", `${path}: no data file that can be read; known are ${known}`);
    }
  }
}

async function readParquet(path: string): Promise<Row[]> {
  const { asyncBufferFromFile, parquetReadObjects } = await import("hyparquet");
  const { compressors } = await import("hyparquet-compressors");
  const file = await asyncBufferFromFile(path).catch((cause: unknown) => {
    throw ioError("read", path, cause);
  });
  try {
    return ((await parquetReadObjects({ file, compressors })) as Row[]).map((row) => plain(row) as Row);
  } catch (cause) {
    throw invalidFile(path, `no Parquet file that can be read: ${(cause as Error).message}`, cause);
  }
}

// Whole numbers of 64 bits come as bigint, dates as Date.
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Date) return value.toISOString();
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

function parseJsonLines(text: string, path: string): Row[] {
  const rows: Row[] = [];
  for (const [i, line] of linesOf(text).entries()) {
    if (line.trim() === "") continue;
    try {
      rows.push(asRow(JSON.parse(line)));
    } catch (cause) {
      throw new DataError(path, i + 1, `no row: ${(cause as Error).message.replace(/\s+/g, " ")}`, { cause });
    }
  }
  return rows;
}

// A list of rows, or an object that holds one.
function parseJsonRows(text: string, path: string): Row[] {
  const value = parseJson(text, path);
  const lists = Array.isArray(value) ? [value] : Object.values((value ?? {}) as object).filter(Array.isArray);
  const [list] = lists;
  if (lists.length !== 1) throw invalidFile(path, "is neither a list of rows nor an object with one such list");
  return list!.map((row, i) => {
    if (typeof row === "object" && row !== null && !Array.isArray(row)) return row as Row;
    throw invalidFile(path, `entry ${i + 1} is no row`);
  });
}

function asRow(value: unknown): Row {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Row;
  throw new Error("a row is an object of values by column");
}

/** RFC 4180; the first line names the columns. */
function parseCsv(text: string, separator: string, path: string): Row[] {
  const [names, ...records] = csvRecords(text, separator, path);
  if (!names) return [];
  return records.map((cells, i) => {
    if (cells.length !== names.length) {
      throw new DataError(
        path,
        null,
        `record ${i + 1} has ${cells.length} cells, the first line names ${names.length}`,
      );
    }
    return Object.fromEntries(names.map((name, j) => [name, cells[j]]));
  });
}

function csvRecords(text: string, separator: string, path: string): string[][] {
  const records: string[][] = [];
  const cell = new RegExp(
    `(?:"((?:[^"]|"")*)"|([^"\\r\\n${separator}][^\\r\\n${separator}]*)?)(${separator}|\\r?\\n|$)`,
    "y",
  );
  let record: string[] = [];
  const body = text.replace(/^\ufeff/, "");
  while (cell.lastIndex < body.length) {
    const begin = cell.lastIndex;
    const match = cell.exec(body);
    if (!match) throw new DataError(path, body.slice(0, begin).split("\n").length, "a quoted cell does not end");
    record.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? "");
    if (match[3] === separator) {
      if (cell.lastIndex === body.length) record.push("");
      else continue;
    }
    records.push(record);
    record = [];
  }
  return records.filter((cells) => cells.length > 1 || cells[0] !== "");
}

/** Lines without their breaks; what is behind the last break is one if it is not empty. */
export function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}
