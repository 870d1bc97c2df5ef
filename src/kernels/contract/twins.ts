// One operation on two backends: the same inputs go to the backend under test and to the reference, then whole buffers
// are compared, so that a write outside an operation's rows is an error too.
import { expect } from "vitest";
import { createRandom } from "../../random.ts";
import type { Backend, Ptr } from "../backend.ts";
import { createReferenceBackend } from "../reference/backend.ts";

/** A buffer of 4-byte elements that exists on both backends. */
export interface Slot {
  subject: Ptr;
  oracle: Ptr;
  length: number;
}

/** Finds a slot's address on the backend that an operation runs on; null means "none" (address 0). */
export type Address = (slot: Slot | null) => Ptr;

/** Buffers on a backend under test and on the reference. */
export class Twins {
  readonly subject: Backend;
  readonly oracle = createReferenceBackend();
  private readonly slots: Slot[] = [];
  private readonly random;

  constructor(subject: Backend, seed = 1) {
    this.subject = subject;
    this.random = createRandom(seed);
  }

  /** A buffer with these f32 values. */
  floats(values: ArrayLike<number>): Slot {
    const slot = this.reserve(values.length);
    this.subject.f32(slot.subject, slot.length).set(values);
    this.oracle.f32(slot.oracle, slot.length).set(values);
    return slot;
  }

  /** A buffer of n f32 values, uniform in ±scale. */
  noise(n: number, scale = 1): Slot {
    return this.floats(Float32Array.from({ length: n }, () => (this.random.float() * 2 - 1) * scale));
  }

  /** A buffer with these i32 values. */
  ints(values: ArrayLike<number>): Slot {
    const slot = this.reserve(values.length);
    this.subject.i32(slot.subject, slot.length).set(values);
    this.oracle.i32(slot.oracle, slot.length).set(values);
    return slot;
  }

  /** Runs an operation on both backends. */
  run(operation: (backend: Backend, at: Address) => void): void {
    operation(this.subject, (slot) => slot?.subject ?? 0);
    operation(this.oracle, (slot) => slot?.oracle ?? 0);
  }

  /** Fails unless every element differs by at most `tolerance` of the largest magnitude in the reference's buffer. */
  same(slot: Slot, tolerance: number, label: string): void {
    const actual = this.subject.f32(slot.subject, slot.length);
    const wanted = this.oracle.f32(slot.oracle, slot.length);
    const largest = wanted.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-30);
    let worst = 0;
    let at = -1;
    for (let i = 0; i < slot.length; i++) {
      const difference = Math.abs(actual[i]! - wanted[i]!) / largest;
      if (difference > worst || Number.isNaN(difference)) [worst, at] = [difference, i];
      if (Number.isNaN(difference)) break;
    }
    expect(worst, `${label}: element ${at} is ${actual[at]}, the reference has ${wanted[at]}`).toBeLessThan(tolerance);
  }

  /** Frees every buffer on the backend under test. */
  release(): void {
    for (const slot of this.slots.splice(0)) {
      this.subject.free(slot.subject);
      this.oracle.free(slot.oracle);
    }
  }

  private reserve(length: number): Slot {
    const bytes = Math.max(4, 4 * length);
    const slot = { subject: this.subject.alloc(bytes), oracle: this.oracle.alloc(bytes), length };
    this.slots.push(slot);
    return slot;
  }
}
