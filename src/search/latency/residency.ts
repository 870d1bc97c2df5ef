// Where weights come from: a cache, memory, or partly one and partly the other, by how many bytes are used until they are
// used again. Measured with matrices of several sizes that walk through ever more memory: a small one loses a cache's speed
// as soon as some of its bytes are not there, a large one in proportion.
import { matrixBytes } from "../../spec/arithmetic.ts";
import { MonotoneGrid } from "./grid.ts";
import type { LatencyProfile, LatencyTables } from "./latency-profile.ts";
import type { Stage } from "./stage.ts";
import { matmul, type Trial } from "./trials.ts";

type Curves = LatencyProfile["residency"];

/** What is measured of a matrix [rows, columns]: products with one token over windows of ascending bytes. */
interface CurveTrials {
  rows: number;
  columns: number;
  bytes: number[];
  trials: Trial[];
}

const megabyte = 2 ** 20;
// Close together where last-level caches end: there a few megabytes decide whether a small model fits.
const megabytes = [0.25, 1, 3, 6, 9, 12, 16, 20, 24, 28, 32, 36, 40, 48, 56, 64, 80, 96, 128, 192];
const shapes = [
  [512, 512], // 144 KiB
  [1024, 1024],
  [2048, 2048],
  [8192, 2048], // 9 MiB
];

export function createResidencyTrials(stage: Stage): CurveTrials[] {
  return shapes.flatMap(([rows, columns]) => {
    const size = matrixBytes(rows!, columns!, "int4");
    if (4 * size > stage.weightBytes) return [];
    // Whole matrices, for no other bytes are walked through.
    const whole = megabytes.map((count) => Math.floor((count * megabyte) / size) * size);
    const windows = [...new Set(whole)].filter((window) => window > 0 && window < stage.weightBytes);
    const bytes = [...windows, stage.weightBytes];
    const serial = false;
    const trials = bytes.map((window) => matmul(stage, [1, rows!, columns!], window, serial)!);
    return [{ rows: rows!, columns: columns!, bytes, trials }];
  });
}

/** The share of the way from cached to streamed, by bytes. Where memory is no slower than a cache, all is streamed. */
export function residencyOf(
  curves: readonly CurveTrials[],
  times: ReadonlyMap<Trial, number>,
  { matmulCached }: Pick<LatencyTables, "matmulCached">,
): Curves {
  const cachedTimes = new MonotoneGrid(matmulCached);
  return curves.map(({ rows, columns, bytes, trials }) => {
    const measured = trials.map((trial) => times.get(trial)!);
    const [cached, streamed] = [cachedTimes.at(1, rows, columns), measured.at(-1)!];
    const shareOf = (time: number) => Math.min(1, Math.max(0, (time - cached) / (streamed - cached)));
    const share = streamed <= cached * 1.02 ? bytes.map(() => 1) : measured.map(shareOf);
    return { matrixBytes: matrixBytes(rows, columns, "int4"), bytes, share };
  });
}

// Grids hold values above 0.
const tiny = 1e-6;

/** Curves ready to be asked. */
export class Residency {
  private readonly sizes: number[];
  private readonly grids: MonotoneGrid[];

  constructor(curves: Curves) {
    this.sizes = curves.map((curve) => Math.log(curve.matrixBytes));
    this.grids = curves.map(
      ({ bytes, share }) => new MonotoneGrid({ axes: [bytes], values: share.map((x) => x + tiny) }),
    );
  }

  /**
   * The share, 0 to 1, of the way from cached to streamed for a matrix of so many bytes, `bytes` being used until it is used
   * again; between sizes of matrices linear in their logarithm.
   */
  share(bytes: number, sizeOfMatrix: number): number {
    const { sizes } = this;
    const size = Math.log(sizeOfMatrix);
    let i = 0;
    while (i + 2 < sizes.length && size > sizes[i + 1]!) i++;
    const lower = this.at(i, bytes);
    if (sizes.length === 1 || size <= sizes[i]!) return lower;
    const part = Math.min(1, (size - sizes[i]!) / (sizes[i + 1]! - sizes[i]!));
    return lower + part * (this.at(i + 1, bytes) - lower);
  }

  private at(curve: number, bytes: number): number {
    return Math.min(1, Math.max(0, this.grids[curve]!.at(bytes) - tiny));
  }
}
