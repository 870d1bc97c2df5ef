// Skipping zeros in whole models: the same logits bit for bit, and by itself only where gates are shut.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "../kernels/backend.ts";
import { createBackend } from "../kernels/index.ts";
import { packInt4 } from "../quant/int4.ts";
import type { SpecInput } from "../spec/spec.ts";
import { Decoder } from "./decoder.ts";
import type { NamedTensor } from "./initialize.ts";
import { randomIds, randomTensors, tinySpec } from "./tiny.case.ts";
import { createWeights } from "./weights.ts";

let backend: Backend;
beforeAll(async () => {
  backend = await createBackend({ threads: 2, serialWork: 0 });
});
afterAll(() => backend.close());

function int4Decoder(changes: Partial<SpecInput>, change: (tensor: NamedTensor) => void = () => {}): Decoder {
  const spec = tinySpec({ context: 200, ...changes });
  const tensors = new Map(randomTensors(spec).map((tensor) => [tensor.name, tensor]));
  for (const tensor of tensors.values()) change(tensor);
  const fill = (name: string, target: Uint8Array, shape: readonly number[]) => {
    const { data } = tensors.get(name)!;
    target.set(shape.length === 2 ? packInt4(data, shape[0]!, shape[1]!) : new Uint8Array(data.buffer));
  };
  return Decoder.create(backend, spec, "int4", fill);
}

/** Logits after a prompt in two parts and after each of 20 tokens behind it. */
function run(decoder: Decoder): number[][] {
  const session = decoder.createSession();
  const logits: number[][] = [];
  const ids = randomIds(decoder.spec, 32);
  for (const part of [ids.subarray(0, 7), ids.subarray(7, 12), ...Array.from(ids.subarray(12), (id) => [id])]) {
    session.append(part);
    logits.push([...session.logits()]);
  }
  session.close();
  return logits;
}

describe("skipping zeros", () => {
  const variants: Record<string, Partial<SpecInput>> = {
    "a ReLU gated FFN": { activation: "relu" },
    "the square of ReLU": { activation: "relu2" },
    "an FFN without a gate": { activation: "relu", gated: false },
    "an FFN off the tiles": { activation: "relu", ffnWidth: 77 },
    "blocks that run twice": { activation: "relu", layerRepeat: 2 },
  };
  for (const [title, changes] of Object.entries(variants)) {
    it(`${title}: logits are equal bit for bit, and again after changing back`, () => {
      const decoder = int4Decoder(changes);
      const wanted = run(decoder);
      decoder.zeros!.setMode("always");
      expect(decoder.zeros!.state.every(({ skips }) => skips)).toBe(true);
      expect(run(decoder)).toEqual(wanted);
      decoder.zeros!.setMode("never");
      expect(decoder.zeros!.state.some(({ skips }) => skips)).toBe(false);
      expect(run(decoder)).toEqual(wanted);
      decoder.close();
    });
  }

  it("begins by itself in the block whose gates are shut, not in the one with half of them open", () => {
    // LayerNorm's bias stands for what a trained model knows of its input: with it, negative gates are always shut.
    const shut = ({ name, data }: NamedTensor) => {
      if (name === "model.layers.1.post_attention_layernorm.bias") data.fill(4);
      if (name === "model.layers.1.mlp.gate_proj.weight")
        for (let i = 0; i < data.length; i++) data[i] = -Math.abs(data[i]!);
    };
    const changes: Partial<SpecInput> = { activation: "relu", norm: "layer" };
    const [auto, dense] = [int4Decoder(changes, shut), int4Decoder(changes, shut)];
    dense.zeros!.setMode("never");
    const sessions = [auto, dense].map((decoder) => decoder.createSession());
    for (const id of randomIds(auto.spec, 120)) {
      for (const session of sessions) session.append([id]);
      expect([...auto.logits()]).toEqual([...dense.logits()]);
    }
    const [first, second] = auto.zeros!.state;
    expect(first).toMatchObject({ skips: false });
    expect(first!.share).toBeGreaterThan(0.3);
    expect(first!.share).toBeLessThan(0.7);
    expect(second!.share).toBeGreaterThan(0.9);
    expect(second!.skips).toBe(true);
    for (const session of sessions) session.close();
    for (const decoder of [auto, dense]) decoder.close();
  });

  it("is not there without zeros, without int4 and for widths it cannot pack; close gives its memory back", () => {
    const bytes = backend.allocatedBytes;
    expect(int4Decoder({ activation: "silu" }).zeros).toBeNull();
    expect(int4Decoder({ activation: "relu", width: 48, heads: 4 }).zeros).toBeNull();
    const spec = tinySpec({ activation: "relu" });
    expect(new Decoder(backend, spec, createWeights(backend, spec, "f32")).zeros).toBeNull();
    const before = backend.allocatedBytes;
    const decoder = int4Decoder({ activation: "relu" });
    decoder.zeros!.setMode("always");
    decoder.close();
    expect(backend.allocatedBytes).toBe(before);
    expect(before).toBeGreaterThan(bytes);
  });
});
