// The folder of one run: where its models, settings, metrics and report go. Every file is written whole or not at all;
// metrics are lines appended as they come.
import { HandheldError, ioError } from "../errors.ts";
import { makeFolder, pathExists, readJsonFile, writeFileAtomic } from "../io.ts";

/** Files and folders of a run, by role. */
export const runFiles = {
  /** What the run was asked for and what it decided: enough to resume it. */
  run: "run.json",
  metrics: "metrics.jsonl",
  checkpoint: "checkpoint.bin",
  float: "float",
  int4: "int4",
  result: "result.json",
  report: "report.html",
} as const;

/** A run's folder. */
export interface RunFolder {
  readonly name: string;
  readonly dir: string;
  path(file: keyof typeof runFiles): string;
  /** Appends one line of JSON to the metrics. */
  log(record: object): Promise<void>;
  /** Lines of the metrics so far. */
  metrics(): Promise<Record<string, unknown>[]>;
  save(file: "run" | "result", value: object): Promise<void>;
  /** Removes the folder of a run that ended before it decided anything: there is nothing to resume. */
  discardUndecided(): Promise<void>;
}

/**
 * Makes a new run's folder `parent/name`, or `name-2`, `name-3`… when it exists: earlier runs are never touched.
 * With `resume`, opens the existing one.
 * @throws HandheldError `io` when the folder cannot be written, `invalid-option` when there is nothing to resume.
 */
export async function openRunFolder(parent: string, name: string, resume: boolean): Promise<RunFolder> {
  if (!/^[\w][\w.-]*$/.test(name)) {
    throw new HandheldError("invalid-option", `a run's name has letters, digits, ".", "_" and "-" only, got "${name}"`);
  }
  const { mkdir } = await import("node:fs/promises");
  const { join } = await import("node:path");
  if (resume) {
    if (await pathExists(join(parent, name, runFiles.run))) {
      await cutHalfLine(join(parent, name, runFiles.metrics));
      return runFolder(join(parent, name), name);
    }
    throw new HandheldError("invalid-option", `there is no run to resume at ${join(parent, name)}; leave --resume out`);
  }
  try {
    await makeFolder(parent);
    for (let i = 1; ; i++) {
      const unique = i === 1 ? name : `${name}-${i}`;
      const made = await mkdir(join(parent, unique)).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code === "EEXIST") return false;
          throw error;
        },
      );
      if (made) return runFolder(join(parent, unique), unique);
    }
  } catch (cause) {
    throw ioError("make the run's folder in", parent, cause);
  }
}

/** Takes off what a killed process or a full disk left behind the last whole line. */
async function cutHalfLine(path: string): Promise<void> {
  const { readFile, truncate } = await import("node:fs/promises");
  try {
    const bytes = await readFile(path);
    const whole = bytes.lastIndexOf(10) + 1;
    if (whole < bytes.length) await truncate(path, whole);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw ioError("write", path, cause);
  }
}

function runFolder(dir: string, name: string): RunFolder {
  const path = (file: keyof typeof runFiles) => `${dir}/${runFiles[file]}`;
  return {
    name,
    dir,
    path,
    async log(record) {
      const { appendFile } = await import("node:fs/promises");
      try {
        await appendFile(path("metrics"), `${JSON.stringify(record)}\n`);
      } catch (cause) {
        throw ioError("write", path("metrics"), cause);
      }
    },
    async metrics() {
      const { readFile } = await import("node:fs/promises");
      const text = await readFile(path("metrics"), "utf8").catch(() => "");
      // A killed run may leave half a line at the end.
      return text.split("\n").flatMap((line) => {
        try {
          return [JSON.parse(line) as Record<string, unknown>];
        } catch {
          return [];
        }
      });
    },
    save: (file, value) => writeFileAtomic(path(file), `${JSON.stringify(value, null, 2)}\n`),
    async discardUndecided() {
      const { rm, rmdir } = await import("node:fs/promises");
      if (await pathExists(path("run"))) return;
      await rm(path("metrics"), { force: true }).catch(() => {});
      await rmdir(dir).catch(() => {}); // only when nothing else is in it
    },
  };
}

/** Reads a run's settings. @throws HandheldError `io` or `invalid-file` */
export function readRun(folder: RunFolder): Promise<unknown> {
  return readJsonFile(folder.path("run"));
}
