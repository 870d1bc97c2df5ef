// Progress of one long job: a bar with ETA on a terminal, JSON lines for programs, a plain line now and then elsewhere.
import { formatDuration } from "../format.ts";

/** What a job reports to. Safe to call as often as the job likes: output is limited in rate. */
export interface Progress {
  /** `done` units are finished; `note` is shown beside the bar. `total` replaces the one given before, when it was a guess. */
  update(done: number, note?: string, total?: number): void;
  /** Replaces the bar by a closing line: the title, the time it took, and `note`. */
  finish(note?: string): void;
}

/** What a job says about itself. */
export interface ProgressOptions {
  /** Units of the whole job; without it there is no bar and no ETA. */
  total?: number | undefined;
  /** Name of a unit, for the plain lines: "steps". */
  unit?: string | undefined;
  /** Units that were finished before (a resumed job): they do not count for the ETA. Default 0. */
  start?: number | undefined;
}

/** Where progress is shown. */
export interface ProgressSink {
  mode: "bar" | "lines" | "json";
  /** Writes one whole line. */
  line(text: string): void;
  /** Replaces the line that is being redrawn; an empty text removes it. Used with mode `bar` only. */
  redraw(text: string): void;
  columns: number;
  /** Milliseconds of a clock. */
  now(): number;
}

// Milliseconds between two outputs, and before the first one.
const intervalMs = { bar: 100, lines: 10_000, json: 1000 };
const firstMs = { bar: 200, lines: 2000, json: 1000 };

/** Seconds that remain of a job, judged by the average rate since it started; null when there is nothing to judge by. */
export function remainingSeconds(elapsedMs: number, done: number, total: number, start = 0): number | null {
  if (done <= start || elapsedMs <= 0) return null;
  return Math.max(0, ((elapsedMs / 1000) * (total - done)) / (done - start));
}

/** Starts showing a job. The first output comes after a moment, so that short jobs leave no trace but their last line. */
export function createProgress(sink: ProgressSink, title: string, options: ProgressOptions = {}): Progress {
  const started = sink.now();
  let next = started + firstMs[sink.mode];
  let last = options.start ?? 0;
  let finished = false;
  let { total } = options;
  const show = (done: number, note: string) => {
    const elapsedMs = sink.now() - started;
    const eta = total === undefined ? null : remainingSeconds(elapsedMs, done, total, options.start);
    const state: ProgressState = { title, done, elapsedMs, eta, note, ...options, total };
    if (sink.mode === "json") sink.line(jsonLine(state));
    else if (sink.mode === "lines") sink.line(plainLine(state));
    else sink.redraw(barLine(state, sink.columns));
  };
  return {
    update(done, note = "", newTotal = total) {
      last = done;
      total = newTotal;
      if (finished || sink.now() < next) return;
      next = sink.now() + intervalMs[sink.mode];
      show(done, note);
    },
    finish(note = "") {
      if (finished) return;
      finished = true;
      const seconds = (sink.now() - started) / 1000;
      if (sink.mode === "bar") sink.redraw("");
      if (sink.mode === "json")
        sink.line(JSON.stringify({ progress: title, done: last, seconds, finished: true, note }));
      else sink.line(`${title}: done in ${formatDuration(seconds)}${note && ` · ${note}`}`);
    },
  };
}

interface ProgressState extends ProgressOptions {
  title: string;
  done: number;
  elapsedMs: number;
  eta: number | null;
  note: string;
}

function jsonLine({ title, done, total, elapsedMs, eta, note }: ProgressState): string {
  const etaSeconds = eta === null ? null : Number(eta.toFixed(1));
  return JSON.stringify({ progress: title, done, total: total ?? null, seconds: elapsedMs / 1000, etaSeconds, note });
}

function plainLine({ title, done, total, unit = "", elapsedMs, eta, note }: ProgressState): string {
  const share = total === undefined ? "" : ` (${percent(done, total)})`;
  const amount = `${done}${total === undefined ? "" : `/${total}`}${unit && ` ${unit}`}${share}`;
  const parts = [amount, `${formatDuration(elapsedMs / 1000)} elapsed`, etaText(eta), note];
  return `${title}: ${parts.filter((part) => part !== "").join(" · ")}`;
}

function barLine({ title, done, total, unit = "", eta, note }: ProgressState, columns: number): string {
  const tail = [etaText(eta), note].filter((part) => part !== "").join(" · ");
  if (total === undefined) return clip(`${title} ${done}${unit && ` ${unit}`} ${tail}`, columns);
  const width = Math.max(8, Math.min(24, columns - 50));
  const full = Math.round(width * Math.min(1, total === 0 ? 1 : done / total));
  return clip(`${title} ${"█".repeat(full)}${"░".repeat(width - full)} ${percent(done, total)} ${tail}`, columns);
}

function percent(done: number, total: number): string {
  return `${Math.floor(total === 0 ? 100 : (100 * done) / total)} %`;
}

function etaText(eta: number | null): string {
  return eta === null ? "" : `${formatDuration(Math.round(eta))} left`;
}

// A line that wraps could not be redrawn, so it stays one short of the width.
function clip(text: string, columns: number): string {
  const characters = [...text];
  return characters.length < columns ? text : `${characters.slice(0, columns - 2).join("")}…`;
}
