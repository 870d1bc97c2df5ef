// All operations that a calibration measures, as one list, and the tables that their times make.
import type { Backend } from "../../kernels/backend.ts";
import { median } from "../statistics.ts";
import { fillGaps } from "./fill-gaps.ts";
import type { Grid } from "./grid.ts";
import type { LatencyTables } from "./latency-profile.ts";
import { type RowKind, rowKinds } from "./plan.ts";
import { type CurveTrials, createRepeatTrials, createResidencyTrials, repeatsOf, residencyOf } from "./residency.ts";
import { smoothGrid } from "./smooth.ts";
import type { Stage } from "./stage.ts";
import type { RawTimes } from "./times.ts";
import { createTrials, type TableName, type TableTrials, type Trial } from "./trials.ts";

/** What is measured of a device. */
export class Operations {
  readonly trials: readonly Trial[];
  private readonly threaded: Map<TableName, TableTrials>;
  private readonly serial: Map<TableName, TableTrials> | null;
  private readonly residency: CurveTrials[];
  private readonly repeats: CurveTrials[];
  private readonly backend: Backend;

  /** `mostWork`: of one operation, in int4 multiply-adds. */
  constructor(stage: Stage, mostWork: number) {
    this.backend = stage.backend;
    const { threads, serialWork } = stage.backend;
    this.threaded = createTrials(stage, { work: mostWork, serial: false });
    this.serial = threads > 1 && serialWork > 0 ? createTrials(stage, { work: mostWork, serial: true }) : null;
    this.residency = createResidencyTrials(stage);
    this.repeats = createRepeatTrials(stage);
    const ofTables = [this.threaded, this.serial].flatMap((tables) => [...(tables?.values() ?? [])]);
    const measurable = ofTables.flatMap(({ trials }) => trials).filter((trial) => trial !== null);
    this.trials = [...measurable, ...[...this.residency, ...this.repeats].flatMap(({ trials }) => trials)];
  }

  /** The tables of what each trial's visits took, in microseconds. Steps count as nothing yet. */
  rawTimes(visits: readonly (readonly number[])[]): RawTimes {
    const visitsOf = new Map(this.trials.map((trial, i) => [trial, visits[i]!]));
    const times = new Map(this.trials.map((trial, i) => [trial, median(visits[i]!)]));
    const { name, simd, threads, serialWork } = this.backend;
    const threaded = toTables(this.threaded, visitsOf);
    return {
      engine: { backend: name, simd, threads, serialWork },
      threaded,
      serial: this.serial && toTables(this.serial, visitsOf),
      residency: residencyOf(this.residency, times, threaded),
      repeats: repeatsOf(this.repeats, times, threaded),
    };
  }
}

function toTables(
  tables: ReadonlyMap<TableName, TableTrials>,
  visitsOf: ReadonlyMap<Trial, readonly number[]>,
): LatencyTables {
  const grid = (name: TableName): Grid => {
    const { axes, trials } = tables.get(name)!;
    return fillGaps({
      axes,
      values: smoothGrid(
        axes,
        trials.map((trial) => trial && visitsOf.get(trial)!),
      ),
    });
  };
  const matmulCached = grid("matmulCached");
  return {
    matmulCached,
    // What runs on one thread is small: a cache holds it.
    matmulStreamed: tables.has("matmulStreamed") ? grid("matmulStreamed") : matmulCached,
    attention: grid("attention"),
    rows: Object.fromEntries(rowKinds.map((kind) => [kind, grid(`rows.${kind}`)])) as Record<RowKind, Grid>,
    step: 0,
  };
}
