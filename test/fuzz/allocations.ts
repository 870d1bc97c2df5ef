// Counts the bytes that code reserves in arrays of numbers, by standing in for their constructors while it runs.
// Memory that is reserved on a file's word alone shows here however quickly it is freed again.

const kinds = [
  "Uint8Array",
  "Uint16Array",
  "Uint32Array",
  "Int8Array",
  "Int32Array",
  "Float32Array",
  "Float64Array",
] as const;
const globals = globalThis as unknown as Record<(typeof kinds)[number], Uint8ArrayConstructor>;

/** Begins to count; `stop` ends it and says how many bytes were reserved in all. */
export function meterAllocations(): { stop(): number } {
  let bytes = 0;
  const originals = kinds.map((kind) => [kind, globals[kind]] as const);
  for (const [kind, original] of originals) {
    globals[kind] = new Proxy(original, {
      construct(target, args, newTarget) {
        const [first] = args as unknown[];
        if (typeof first === "number") bytes += first * target.BYTES_PER_ELEMENT;
        return Reflect.construct(target, args, newTarget);
      },
    });
  }
  return {
    stop() {
      for (const [kind, original] of originals) globals[kind] = original;
      return bytes;
    },
  };
}
