// Where weights come from: a cache, memory, or partly one and partly the other, by how many bytes are used until they are
// used again. Measured with matrices of several sizes that walk through ever more memory: a small one loses a cache's speed
// as soon as some of its bytes are not there, a large one in proportion. A block that runs again finds less in a cache than
// one that ran many times: half of it may still be on the way there.
import { matrixBytes } from "../../spec/arithmetic.ts";
import { MonotoneGrid, rising } from "./grid.ts";
import type { LatencyProfile, LatencyTables } from "./latency-profile.ts";
import type { Stage } from "./stage.ts";
import { matmul, type Trial } from "./trials.ts";

type Curves = LatencyProfile["residency"];

/** What is measured of a matrix [rows, columns]: products with one token over windows, or blocks, of ascending bytes. */
export interface CurveTrials {
  rows: number;
  columns: number;
  bytes: number[];
  trials: Trial[];
}

const megabyte = 2 ** 20;
// Close together where last-level caches end: there a few megabytes decide whether a small model fits.
const megabytes = [0.25, 1, 3, 6, 9, 12, 16, 20, 24, 28, 32, 36, 40, 48, 56, 64, 80, 96, 128, 192];
const blockMegabytes = [1, 2.25, 4.5, 9, 18, 27];
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

/** Blocks of several matrices, each run twice before the next one, through all the weights that there are. */
export function createRepeatTrials(stage: Stage): CurveTrials[] {
  return shapes.slice(0, 3).flatMap(([rows, columns]) => {
    const size = matrixBytes(rows!, columns!, "int4");
    const counts = [...new Set(blockMegabytes.map((count) => Math.max(1, Math.round((count * megabyte) / size))))];
    const bytes = counts.map((count) => count * size).filter((block) => 4 * block <= stage.weightBytes);
    if (bytes.length === 0) return [];
    return [
      {
        rows: rows!,
        columns: columns!,
        bytes,
        trials: bytes.map((block) => repeated(stage, [1, rows!, columns!], block)),
      },
    ];
  });
}

function repeated(stage: Stage, shape: readonly number[], block: number): Trial {
  const [N, M, K] = shape as [number, number, number];
  const once = matmul(stage, shape, stage.weightBytes, false)!;
  const size = matrixBytes(M, K, "int4");
  const blocks = Math.floor(stage.weightBytes / block);
  let at = 0;
  return {
    ...once,
    name: `blocks of ${block} bytes run twice, of ${once.name}`,
    warmUps: 0,
    whole: (2 * block) / size,
    prepare() {
      const { backend, codes, input, output } = stage;
      backend.quantizeRows(codes, input, N, K);
      stage.rewind();
      const weights = stage.nextWeights(0);
      // From the beginning of a block: its first run finds it in no cache.
      at = Math.ceil(at / (2 * block)) * 2 * block;
      return () => {
        const start = Math.floor(at / (2 * block)) % blocks;
        backend.matmulInt4(output, codes, weights + start * block + (at % block), N, M, K, M, false);
        at += size;
      };
    },
  };
}

/** The share of the way from cached to streamed that the second run of a block is, by its bytes. */
export function repeatsOf(
  curves: readonly CurveTrials[],
  times: ReadonlyMap<Trial, number>,
  tables: Pick<LatencyTables, "matmulCached" | "matmulStreamed">,
): Curves {
  const [cachedTimes, streamedTimes] = [new MonotoneGrid(tables.matmulCached), new MonotoneGrid(tables.matmulStreamed)];
  return curves.map(({ rows, columns, bytes, trials }) => {
    const [cached, streamed] = [cachedTimes.at(1, rows, columns), streamedTimes.at(1, rows, columns)];
    const share = curveOf(trials.map((trial) => shareOf(2 * times.get(trial)! - streamed, cached, streamed)));
    return { matrixBytes: matrixBytes(rows, columns, "int4"), bytes, share };
  });
}

/** The share of the way from cached to streamed, by bytes. */
export function residencyOf(
  curves: readonly CurveTrials[],
  times: ReadonlyMap<Trial, number>,
  { matmulCached }: Pick<LatencyTables, "matmulCached">,
): Curves {
  const cachedTimes = new MonotoneGrid(matmulCached);
  return curves.map(({ rows, columns, bytes, trials }) => {
    const measured = trials.map((trial) => times.get(trial)!);
    const [cached, streamed] = [cachedTimes.at(1, rows, columns), measured.at(-1)!];
    const share = curveOf(measured.map((time) => shareOf(time, cached, streamed)));
    return { matrixBytes: matrixBytes(rows, columns, "int4"), bytes, share };
  });
}

// Where memory is no slower than a cache, all is streamed. May be below 0 and above 1: cut off before they are averaged, errors
// would only ever add.
function shareOf(time: number, cached: number, streamed: number): number {
  return streamed <= cached * 1.02 ? 1 : (time - cached) / (streamed - cached);
}

/** A rising curve of shares, 0 to 1. */
function curveOf(shares: readonly number[]): number[] {
  return rising(shares).map((share) => Math.min(1, Math.max(0, share)));
}

// From half a megabyte to 512, eight of each doubling.
const lookedAt = Array.from({ length: 81 }, (_, i) => megabyte * 2 ** (i / 8 - 1));

/** Bytes of weights of which half comes from memory when they are used again: about what the caches hold. */
export function halfStreamed(curves: Curves): number {
  const residency = new Residency(curves);
  return lookedAt.find((bytes) => residency.share(bytes, megabyte) >= 0.5) ?? lookedAt.at(-1)!;
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
