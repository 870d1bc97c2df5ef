// The memory of KV caches: pages of kvPageTokens tokens of all layers, which sessions share by reference counts. A shared
// page is never written: who wants to write takes a copy.
import type { Backend, KvFormat, KvLayer, Ptr } from "../kernels/backend.ts";
import { kvPageTokens } from "../kernels/backend.ts";
import { layerShape, type Spec } from "../spec/spec.ts";

/**
 * A stretch of a page that holds one row per token: `rowBytes` bytes for each, from `offset` on. With `paired`, the bytes of
 * two tokens alternate in a row of both.
 */
export interface PageRun {
  offset: number;
  rowBytes: number;
  paired: boolean;
}

/** Hands out the pages of one decoder's sessions with caches of one format. */
export class KvPages {
  readonly format: KvFormat;
  readonly pageBytes: number;
  private readonly backend: Backend;
  private readonly headSize: number;
  /** Of each layer that runs: its key/value heads, and where its keys begin in a page. */
  private readonly layers: readonly { heads: number; offset: number; sideBytes: number }[];
  private readonly owners = new Map<Ptr, number>();

  constructor(backend: Backend, spec: Spec, format: KvFormat) {
    this.backend = backend;
    this.headSize = spec.headSize;
    this.format = format;
    let offset = 0;
    this.layers = Array.from({ length: spec.layers * spec.layerRepeat }, (_, run) => {
      const heads = layerShape(spec, Math.floor(run / spec.layerRepeat)).kvHeads;
      const sideBytes = backend.kvBytes(heads, spec.headSize, format);
      offset += 2 * sideBytes;
      return { heads, offset: offset - 2 * sideBytes, sideBytes };
    });
    this.pageBytes = offset;
  }

  /** The layers of a sequence whose table of pages is at `pages`. */
  layersOf(pages: Ptr): KvLayer[] {
    const { format } = this;
    return this.layers.map(({ offset, sideBytes }) => ({ pages, keys: offset, values: offset + sideBytes, format }));
  }

  /** A page of one owner. @throws HandheldError `out-of-memory` */
  take(): Ptr {
    const page = this.backend.alloc(this.pageBytes);
    this.owners.set(page, 1);
    return page;
  }

  /** As {@link take}, with the contents of another page. */
  copy(page: Ptr): Ptr {
    const copy = this.take();
    this.backend.copy(copy, page, this.pageBytes / 4);
    return copy;
  }

  /** Adds an owner. */
  share(page: Ptr): void {
    this.owners.set(page, this.owners.get(page)! + 1);
  }

  isShared(page: Ptr): boolean {
    return this.owners.get(page)! > 1;
  }

  /** Takes an owner away; the last one's page is freed. */
  release(page: Ptr): void {
    const left = this.owners.get(page)! - 1;
    if (left > 0) {
      this.owners.set(page, left);
    } else {
      this.owners.delete(page);
      this.backend.free(page);
    }
  }

  /**
   * Where the tokens of a page lie, for each head of each side of each layer: its numbers, or its codes (of keys by pairs of
   * numbers, of values by pairs of tokens) and its scales.
   */
  *runs(): Generator<PageRun, void, void> {
    for (const { heads, offset, sideBytes } of this.layers) {
      yield* this.sideRuns(offset, heads, true);
      yield* this.sideRuns(offset + sideBytes, heads, false);
    }
  }

  private *sideRuns(base: number, heads: number, isKey: boolean): Generator<PageRun, void, void> {
    const D = this.headSize;
    for (let head = 0; head < heads; head++) {
      if (this.format === "f32") {
        yield { offset: base + head * kvPageTokens * 4 * D, rowBytes: 4 * D, paired: false };
        continue;
      }
      const codes = base + head * kvPageTokens * D;
      if (!isKey) yield { offset: codes, rowBytes: D, paired: true };
      else for (let d = 0; d < D; d += 2) yield { offset: codes + d * kvPageTokens, rowBytes: 2, paired: false };
      yield { offset: base + kvPageTokens * (heads * D + 4 * head), rowBytes: 4, paired: false };
    }
  }
}
