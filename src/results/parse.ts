// A record from its JSON, whatever version wrote it.
import { HandheldError, invalidFile, quoteValue } from "../errors.ts";
import { type ResultRecord, recordSchema, recordVersion } from "./record.ts";

/** Makes a record of one version one of the next. */
export type Migration = (record: Record<string, unknown>) => Record<string, unknown>;

/**
 * By the version that they read. Whoever raises `recordVersion` adds a line here and leaves the others, and the frozen
 * files of test/fixtures/records, as they are. An optional new field needs no new version.
 */
const migrations: Readonly<Record<number, Migration>> = {};

/**
 * Reads a record. `where` names it in errors.
 *
 * @throws HandheldError `unsupported` for a version newer than this package's, `invalid-file` for what is no record
 */
export function parseRecord(json: unknown, where: string): ResultRecord {
  const parsed = recordSchema.safeParse(migrate(json, where));
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw invalidFile(where, `not a result record: ${path.map(String).join(".")}: ${message}`, parsed.error);
}

/** Brings a record to version `wanted`, a step at a time. @throws as {@link parseRecord} */
export function migrate(
  json: unknown,
  where: string,
  steps: Readonly<Record<number, Migration>> = migrations,
  wanted: number = recordVersion,
): Record<string, unknown> {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw invalidFile(where, `not a result record: ${quoteValue(json)} instead of an object`);
  }
  let record = json as Record<string, unknown>;
  const { version } = record;
  if (typeof version !== "number" || !Number.isInteger(version) || version < 1) {
    throw invalidFile(where, `not a result record: version ${quoteValue(version)}`);
  }
  if (version > wanted) {
    const reason = `a record of version ${version}, and this package reads up to ${wanted}; update handheld`;
    throw new HandheldError("unsupported", `${where}: ${reason}`);
  }
  for (let from = version; from < wanted; from++) record = { ...steps[from]!(record), version: from + 1 };
  return record;
}
