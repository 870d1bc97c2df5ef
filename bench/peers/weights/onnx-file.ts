// A model with random weights for ONNX Runtime, of the operators that its own model builder emits for CPUs: 4-bit
// matrices in blocks of 32 with int8 activations (MatMulNBits, accuracy level 4), queries, keys and values in one matrix,
// grouped-query attention with rotation inside, residual sums fused into the norms. Logits are computed for the last token only.
import { writeFileAtomic } from "../../../src/io.ts";
import { ropeTable } from "../../../src/model/positions.ts";
import type { Spec } from "../../../src/spec/spec.ts";
import { cacheName } from "./cache-name.ts";
import { Noise, unitScale } from "./noise.ts";
import { microsoft, OnnxGraph } from "./onnx.ts";
import type { Bytes } from "./protobuf.ts";

/** Writes `path` and `path`.data, beside each other. */
export async function writeOnnxFile(path: string, spec: Spec): Promise<void> {
  const dataFile = `${path.split("/").at(-1)}.data`;
  const { graph } = onnxModel(spec, dataFile);
  function* data() {
    for (const piece of graph.external) yield* piece();
  }
  await writeFileAtomic(`${path}.data`, data());
  await writeFileAtomic(path, graph.finish());
}

/** The graph of a spec, and the bytes of the weights that one decoded token reads. */
export function onnxModel(spec: Spec, dataFile: string): { graph: OnnxGraph; decodeWeightBytes: number } {
  const builder = new ModelBuilder(spec, new OnnxGraph(dataFile));
  builder.build();
  return { graph: builder.graph, decodeWeightBytes: builder.matrixBytes };
}

class ModelBuilder {
  readonly graph: OnnxGraph;
  /** Bytes of all matrices that a token is multiplied with. */
  matrixBytes = 0;
  private readonly spec: Spec;

  constructor(spec: Spec, graph: OnnxGraph) {
    this.spec = spec;
    this.graph = graph;
  }

  build(): void {
    const { graph, spec } = this;
    const { layers, width: C, vocabulary: V } = spec;
    const shared = this.shared();
    const norm = { epsilon: { float: spec.normEps }, axis: -1, stash_type: 1 };
    let residual = this.embed();
    let normed = "norm.0";
    graph.node("SimplifiedLayerNormalization", [residual, this.ones("norm.0.weight", C)], [normed], norm);
    // The sum and the norm behind it are one operator.
    const add = (branch: string, name: string) => {
      const inputs = [residual, branch, this.ones(`${name}.weight`, C)];
      const epsilon = { epsilon: norm.epsilon };
      graph.node("SkipSimplifiedLayerNormalization", inputs, [name, "", "", `${name}.sum`], epsilon, microsoft);
      [residual, normed] = [`${name}.sum`, name];
    };
    for (let layer = 0; layer < layers; layer++) {
      add(this.attend(layer, normed, shared), `attention_norm.${layer}`);
      add(this.feedForward(layer, normed), `norm.${layer + 1}`);
    }
    const last = graph.constant("last", "int64", [], new Uint8Array(new BigInt64Array([-1n]).buffer));
    graph.node("Gather", [normed, last], ["last_token"], { axis: 1 });
    this.matmul("last_token", "head", V, C, graph.output("logits", "float32", ["batch", V]));
  }

  private embed(): string {
    const { graph } = this;
    const { width: C, vocabulary: V } = this.spec;
    const ids = graph.input("input_ids", "int64", ["batch", "tokens"]);
    const data = graph.weights("embedding", "uint4", [V, C], (V * C) / 2, noise(V * 7, (V * C) / 2));
    const scales = this.scales("embedding.scales", V, C);
    const zeros = (V * C) / 64;
    const middle = graph.weights("embedding.zeros", "uint4", [V, C / 32], zeros, () => [
      new Uint8Array(zeros).fill(0x88),
    ]);
    const attributes = { gather_axis: 0, quantize_axis: 1, block_size: 32, bits: 4 };
    graph.node("GatherBlockQuantized", [data, ids, scales, middle], ["embedded"], attributes, microsoft);
    return "embedded";
  }

  // What all attention operators read: lengths, out of the mask as exported models have it, and the rotation's tables.
  private shared(): string[] {
    const { graph, spec } = this;
    const one = (name: string, value: bigint, shape: number[]) =>
      graph.constant(name, "int64", shape, new Uint8Array(new BigInt64Array([value]).buffer));
    const mask = graph.input("attention_mask", "int64", ["batch", "total_tokens"]);
    graph.node("ReduceSum", [mask, one("axis", 1n, [1])], ["lengths"], { keepdims: 0 });
    graph.node("Sub", ["lengths", one("one", 1n, [1])], ["last_positions"]);
    graph.node("Cast", ["last_positions"], ["seqlens_k"], { to: 6 });
    graph.node("Shape", [mask], ["mask_shape"]);
    graph.node("Gather", ["mask_shape", one("second", 1n, [])], ["total_length"], { axis: 0 });
    graph.node("Cast", ["total_length"], ["total_sequence_length"], { to: 6 });
    const D = spec.headSize;
    const table = ropeTable(spec);
    const half = (offset: number) => {
      const values = new Float32Array(table.length / 2);
      for (let i = 0; i < values.length; i++) values[i] = table[Math.floor(i / (D / 2)) * D + offset + (i % (D / 2))]!;
      return new Uint8Array(values.buffer);
    };
    const cos = graph.constant("cos_cache", "float32", [spec.context, D / 2], half(0));
    const sin = graph.constant("sin_cache", "float32", [spec.context, D / 2], half(D / 2));
    return ["seqlens_k", "total_sequence_length", cos, sin];
  }

  private attend(layer: number, normed: string, shared: readonly string[]): string {
    const { graph } = this;
    const { heads: H, kvHeads: K, headSize: D, width: C } = this.spec;
    const qkv = this.matmul(normed, `qkv.${layer}`, (H + 2 * K) * D, C);
    const cache = (["key", "value"] as const).map((part) => ({
      past: graph.input(cacheName("past_key_values", layer, part), "float32", ["batch", K, "past_tokens", D]),
      present: graph.output(cacheName("present", layer, part), "float32", ["batch", K, "total_tokens", D]),
    }));
    const inputs = [qkv, "", "", ...cache.map(({ past }) => past), ...shared];
    const outputs = [`attention.${layer}`, ...cache.map(({ present }) => present)];
    const attributes = { num_heads: H, kv_num_heads: K, do_rotary: 1, rotary_interleaved: 0 };
    graph.node("GroupQueryAttention", inputs, outputs, attributes, microsoft);
    return this.matmul(`attention.${layer}`, `output.${layer}`, C, H * D);
  }

  private feedForward(layer: number, normed: string): string {
    const { graph, spec } = this;
    const { width: C, ffnWidth: F } = spec;
    const gate = this.matmul(normed, `gate.${layer}`, F, C);
    const up = this.matmul(normed, `up.${layer}`, F, C);
    const activated = `activated.${layer}`;
    if (spec.activation === "relu") graph.node("Relu", [gate], [activated]);
    else {
      graph.node("Sigmoid", [gate], [`sigmoid.${layer}`]);
      graph.node("Mul", [gate, `sigmoid.${layer}`], [activated]);
    }
    graph.node("Mul", [activated, up], [`hidden.${layer}`]);
    return this.matmul(`hidden.${layer}`, `down.${layer}`, C, F);
  }

  private matmul(input: string, name: string, rows: number, columns: number, output = `${name}.out`): string {
    const { graph } = this;
    const sizeBytes = (rows * columns) / 2;
    const codes = graph.weights(`${name}.weight`, "uint8", [rows, columns / 32, 16], sizeBytes, noise(rows, sizeBytes));
    const attributes = { K: columns, N: rows, bits: 4, block_size: 32, accuracy_level: 4 };
    graph.node(
      "MatMulNBits",
      [input, codes, this.scales(`${name}.scales`, rows, columns)],
      [output],
      attributes,
      microsoft,
    );
    this.matrixBytes += sizeBytes + (rows * columns) / 8;
    return output;
  }

  private scales(name: string, rows: number, columns: number): string {
    const count = (rows * columns) / 32;
    const data = () => [new Uint8Array(new Float32Array(count).fill(unitScale(columns)).buffer)];
    return this.graph.weights(name, "float32", [rows, columns / 32], 4 * count, data);
  }

  private ones(name: string, length: number): string {
    const values: Bytes = new Uint8Array(new Float32Array(length).fill(1).buffer);
    return this.graph.constant(name, "float32", [length], values);
  }
}

function noise(seed: number, sizeBytes: number): () => Iterable<Uint8Array> {
  const most = 1 << 24;
  return function* () {
    const source = new Noise(seed);
    for (let done = 0; done < sizeBytes; done += most) {
      const count = Math.min(most, sizeBytes - done);
      yield source.bytes(Math.ceil(count / 4) * 4).subarray(0, count);
    }
  };
}
