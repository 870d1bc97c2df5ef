// Adds up the operations of a forward pass with a device's times: by part, with the weights where they will be found.
import { matrixBytes } from "../../spec/arithmetic.ts";
import type { Spec } from "../../spec/spec.ts";
import { MonotoneGrid } from "./grid.ts";
import type { Factors, LatencyProfile, LatencyTables } from "./latency-profile.ts";
import { chunkTokens, type OperationSink, type Part, parts, planForward, type RowKind } from "./plan.ts";
import { Residency } from "./residency.ts";
import { commandsPerList, operationWork } from "./work.ts";

/** Microseconds of a forward pass by part, `calls` counted as one each; all are to be multiplied by the part's factor. */
export type PartTimes = Record<Part, number>;

/** What is measured of a device but for how well it adds up. */
export type RawTimes = Pick<LatencyProfile, "engine" | "threaded" | "serial" | "residency" | "repeats">;

interface PreparedTables {
  cached: MonotoneGrid;
  streamed: MonotoneGrid;
  attention: MonotoneGrid;
  rows: Record<RowKind, MonotoneGrid>;
  step: number;
}

/** The times of one device. Not for use by two callers at once: it adds up in fields of its own. */
export class DeviceTimes {
  private readonly threaded: PreparedTables;
  private readonly serial: PreparedTables;
  private readonly serialWork: number;
  private readonly totals = new PassTotals();
  private readonly costs: PassCosts;

  constructor({ engine, threaded, serial, residency, repeats }: RawTimes) {
    this.threaded = prepare(threaded);
    this.serial = serial === null ? this.threaded : prepare(serial);
    this.serialWork = engine.serialWork;
    this.costs = new PassCosts(new Residency(residency), new Residency(repeats));
  }

  /** Microseconds by part of `tokens` tokens behind `position` cached ones; overwritten by the next call. */
  pass(spec: Spec, tokens: number, position: number): PartTimes {
    const { totals, costs } = this;
    totals.reset();
    planForward(spec, tokens, position, totals);
    const lists = Math.ceil(totals.commands / commandsPerList);
    const passes = Math.max(1, Math.ceil(tokens / chunkTokens(spec)));
    const weightBytes = totals.weightBytes / passes;
    const cacheBytes = (totals.cacheBytesPerToken / passes) * (position + tokens);
    costs.tables = totals.work / lists < this.serialWork ? this.serial : this.threaded;
    costs.modelBytes = weightBytes + cacheBytes;
    costs.blockBytes = totals.blockBytes / passes / spec.layers;
    costs.reset();
    planForward(spec, tokens, position, costs);
    costs.times.rest += costs.tables.step;
    costs.times.calls = totals.commands;
    return costs.times;
  }

  /** Microseconds of all parts, each by its factor. */
  passMicroseconds(spec: Spec, tokens: number, position: number, factors: Factors): number {
    const times = this.pass(spec, tokens, position);
    let total = 0;
    for (const part of parts) total += times[part] * factors[part];
    return total;
  }

  /** Microseconds of choosing the likeliest token. */
  choiceMicroseconds(spec: Spec): number {
    return this.serial.rows.argmax.at(1, spec.vocabulary) + this.serial.step;
  }
}

function prepare(tables: LatencyTables): PreparedTables {
  const rows = Object.entries(tables.rows).map(([kind, grid]) => [kind, new MonotoneGrid(grid)]);
  return {
    cached: new MonotoneGrid(tables.matmulCached),
    streamed: new MonotoneGrid(tables.matmulStreamed),
    attention: new MonotoneGrid(tables.attention),
    rows: Object.fromEntries(rows) as Record<RowKind, MonotoneGrid>,
    step: tables.step,
  };
}

/** Work, commands and bytes of weights. */
class PassTotals implements OperationSink {
  work = 0;
  commands = 0;
  /** Bytes of distinct matrices, and of the blocks' among them. */
  weightBytes = 0;
  blockBytes = 0;
  /** Bytes of keys and values of a token, in all layers. */
  cacheBytesPerToken = 0;

  reset(): void {
    this.work = 0;
    this.commands = 0;
    this.weightBytes = 0;
    this.blockBytes = 0;
    this.cacheBytesPerToken = 0;
  }

  matmul(part: Part, N: number, M: number, K: number, times: number, again: number): void {
    this.work += operationWork.matmul(N, M, K) * times;
    this.commands += times;
    const bytes = matrixBytes(M, K, "int4") * (times - again);
    this.weightBytes += bytes;
    if (part === "matrices") this.blockBytes += bytes;
  }

  attention(
    N: number,
    position: number,
    H: number,
    K: number,
    D: number,
    _window: number,
    _stored: number,
    times: number,
  ): void {
    this.cacheBytesPerToken += 2 * K * (D + 4) * times;
    this.work += operationWork.attention(N, position, H, D) * times;
    this.commands += 2 * times;
  }

  rows(kind: RowKind, N: number, width: number, times: number): void {
    this.work += operationWork.rows(kind, N, width) * times;
    this.commands += times;
  }
}

/** Microseconds by part. */
class PassCosts implements OperationSink {
  readonly times: PartTimes = { matrices: 0, repeats: 0, head: 0, attention: 0, rest: 0, calls: 0 };
  tables!: PreparedTables;
  /** Bytes used between two uses of a matrix: of one used once in a pass, and of one of a block that runs again. */
  modelBytes = 0;
  blockBytes = 0;
  private readonly residency: Residency;
  private readonly repeats: Residency;

  constructor(residency: Residency, repeats: Residency) {
    this.residency = residency;
    this.repeats = repeats;
  }

  reset(): void {
    for (const part of parts) this.times[part] = 0;
  }

  matmul(part: Part, N: number, M: number, K: number, times: number, again: number): void {
    const rows = Math.ceil(M / 8) * 8;
    const columns = Math.ceil(K / 32) * 32;
    const cached = this.tables.cached.at(N, rows, columns);
    const more = Math.max(0, this.tables.streamed.at(N, rows, columns) - cached);
    const size = matrixBytes(M, K, "int4");
    const share = this.residency.share(this.modelBytes, size);
    this.times[part] += (times - again) * (cached + more * share);
    if (again === 0) return;
    this.times.repeats += again * (cached + more * Math.min(share, this.repeats.share(this.blockBytes, size)));
  }

  attention(
    N: number,
    position: number,
    H: number,
    K: number,
    D: number,
    window: number,
    stored: number,
    times: number,
  ): void {
    const { attention, rows } = this.tables;
    // The table's times have N tokens stored before.
    const more = stored > N ? rows.kvAppend.at(stored, K * D) - rows.kvAppend.at(N, K * D) : 0;
    this.times.attention += times * (more + attention.at(N, meanAttended(N, position, window), K, H / K, D));
  }

  rows(kind: RowKind, N: number, width: number, times: number): void {
    this.times.rest += times * this.tables.rows[kind].at(N, width);
  }
}

/** Tokens that each of N tokens at `position` attends to on average, at most `window` (0: all). */
export function meanAttended(N: number, position: number, window: number): number {
  const mean = position + (N + 1) / 2;
  return window === 0 ? mean : Math.min(mean, window);
}
