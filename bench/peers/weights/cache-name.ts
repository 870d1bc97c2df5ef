// How the exported ONNX model calls a layer's keys and values. Apart from the writer, so that a page can import it.

/** As input `past_key_values.`, as output `present.`, then the layer and the part. */
export function cacheName(side: "past_key_values" | "present", layer: number, part: "key" | "value"): string {
  return `${side}.${layer}.${part}`;
}
