// The memory of KV caches: pages of kvPageTokens tokens of all layers, which sessions share by reference counts. A shared
// page is never written: who wants to write takes a copy.
import type { Backend, KvFormat, KvLayer, Ptr } from "../kernels/backend.ts";
import { kvPageTokens } from "../kernels/backend.ts";
import type { Spec } from "../spec/spec.ts";

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
  private readonly spec: Spec;
  /** Bytes of one layer's keys, or values, in a page. */
  private readonly sideBytes: number;
  private readonly owners = new Map<Ptr, number>();

  constructor(backend: Backend, spec: Spec, format: KvFormat) {
    this.backend = backend;
    this.spec = spec;
    this.format = format;
    this.sideBytes = backend.kvBytes(spec.kvHeads, spec.headSize, format);
    this.pageBytes = 2 * this.layerCount * this.sideBytes;
  }

  /** The layers of a sequence whose table of pages is at `pages`. */
  layersOf(pages: Ptr): KvLayer[] {
    return Array.from({ length: this.layerCount }, (_, layer) => {
      const keys = 2 * layer * this.sideBytes;
      return { pages, keys, values: keys + this.sideBytes, format: this.format };
    });
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
    const { kvHeads: K, headSize: D } = this.spec;
    for (let side = 0; side < 2 * this.layerCount; side++) {
      const isKey = side % 2 === 0;
      for (let head = 0; head < K; head++) {
        const base = side * this.sideBytes;
        if (this.format === "f32") {
          yield { offset: base + head * kvPageTokens * 4 * D, rowBytes: 4 * D, paired: false };
          continue;
        }
        const codes = base + head * kvPageTokens * D;
        if (!isKey) yield { offset: codes, rowBytes: D, paired: true };
        else for (let d = 0; d < D; d += 2) yield { offset: codes + d * kvPageTokens, rowBytes: 2, paired: false };
        yield { offset: base + kvPageTokens * (K * D + 4 * head), rowBytes: 4, paired: false };
      }
    }
  }

  private get layerCount(): number {
    return this.spec.layers * this.spec.layerRepeat;
  }
}
