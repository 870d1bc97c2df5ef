// MiniCPM 3: MiniCPM with multi-head latent attention. What its matrix makes of the latent vector is split into keys and values
// with whole heads: a key gets the numbers that turn from the end of its input, through a one in their rows, a value zeros
// behind its own.
import type { Spec } from "../../spec/spec.ts";
import { biasName, blockNames } from "../layout.ts";
import type { Family, TensorSource } from "./family.ts";
import { miniCpmFields, miniCpmScheme } from "./minicpm.ts";
import { headOrder, range, sources } from "./sources.ts";

type Floats = Float32Array<ArrayBuffer>;

export const minicpm3: Family = {
  spec: (config) => {
    const fields = miniCpmFields(config);
    const turning = config.number("qk_rope_head_dim");
    const bias = config.flag("attention_bias", false);
    return {
      ...fields,
      kvHeads: fields.heads,
      headSize: config.number("qk_nope_head_dim") + turning,
      ropeSize: turning,
      qkvBias: bias,
      outputBias: bias,
      latent: {
        query: config.number("q_lora_rank"),
        keyValue: config.number("kv_lora_rank"),
        valueSize: config.number("v_head_dim", fields.width / fields.heads),
        // The published code leaves these two norms their default.
        normEps: 1e-6,
      },
    };
  },
  tensors: (spec, config) => {
    const scheme = miniCpmScheme(spec, config);
    const { headSize: D, ropeSize: R } = spec;
    // Heads are stored with the turning numbers last.
    const order = headOrder(D, R, range(D - R, R), range(0, D - R));
    const blocks = range(0, spec.layers).flatMap((i) => attention(spec, i, scheme.residualScale!, order));
    return [...sources(spec, scheme), ...blocks];
  },
};

function attention(spec: Spec, i: number, residualScale: number, order: readonly number[]): TensorSource[] {
  const { width: C, heads, headSize: D, ropeSize: R } = spec;
  const { query, keyValue, valueSize } = spec.latent!;
  const names = blockNames(spec, i);
  const block = `model.layers.${i}.self_attn`;
  const still = D - R;
  const kvShape = [heads * (still + valueSize), keyValue];
  const from = (name: string) => `${block}.${name}.weight`;
  const list: TensorSource[] = [
    { to: names.queryDown!, from: from("q_a_proj"), shape: [query, C] },
    { to: names.queryDownNorm!, from: from("q_a_layernorm"), shape: [query] },
    { to: names.keyValueDown!, from: from("kv_a_proj_with_mqa"), shape: [keyValue + R, C] },
    { to: names.keyValueDownNorm!, from: from("kv_a_layernorm"), shape: [keyValue] },
    {
      to: names.query,
      from: from("q_b_proj"),
      shape: [heads * D, query],
      convert: (stored) => headRows(stored, heads, D, query, query, (h, j) => h * D + order[j]!),
    },
    { to: names.key, from: from("kv_b_proj"), shape: kvShape, convert: (stored) => keyRows(stored, spec, order) },
    {
      to: names.value,
      from: from("kv_b_proj"),
      shape: kvShape,
      convert: (stored) =>
        headRows(stored, heads, D, keyValue, keyValue + R, (h, j) =>
          j < valueSize ? h * (still + valueSize) + still + j : -1,
        ),
    },
    {
      to: names.output,
      from: from("o_proj"),
      shape: [C, heads * valueSize],
      scale: residualScale,
      convert: (stored) => padHeads(stored, C, heads, valueSize, D),
    },
  ];
  if (spec.qkvBias) {
    list.push({ to: biasName(names.queryDown!), from: `${block}.q_a_proj.bias`, shape: [query] });
    list.push({ to: biasName(names.keyValueDown!), from: `${block}.kv_a_proj_with_mqa.bias`, shape: [keyValue + R] });
  }
  if (spec.outputBias) {
    list.push({ to: biasName(names.output), from: `${block}.o_proj.bias`, shape: [C], scale: residualScale });
  }
  return list;
}

/** Rows [heads · D, outColumns] from the stored rows that `rowOf` names, -1 for none, padded with zeros. */
function headRows(
  stored: Floats,
  heads: number,
  D: number,
  columns: number,
  outColumns: number,
  rowOf: (head: number, j: number) => number,
): Floats {
  const out = new Float32Array(heads * D * outColumns);
  for (let h = 0; h < heads; h++) {
    for (let j = 0; j < D; j++) {
      const row = rowOf(h, j);
      if (row >= 0) out.set(stored.subarray(row * columns, (row + 1) * columns), (h * D + j) * outColumns);
    }
  }
  return out;
}

function keyRows(stored: Floats, { heads, headSize: D, ropeSize: R, latent }: Spec, order: readonly number[]): Floats {
  const { keyValue, valueSize } = latent!;
  const still = D - R;
  const columns = keyValue + R;
  const out = headRows(stored, heads, D, keyValue, columns, (h, j) =>
    order[j]! < still ? h * (still + valueSize) + order[j]! : -1,
  );
  for (let h = 0; h < heads; h++) {
    order.forEach((number, j) => {
      if (number >= still) out[(h * D + j) * columns + keyValue + number - still] = 1;
    });
  }
  return out;
}

/** Columns [rows, heads · D] of [rows, heads · from], zeros behind each head's. */
function padHeads(stored: Floats, rows: number, heads: number, from: number, D: number): Floats {
  const out = new Float32Array(rows * heads * D);
  for (let head = 0; head < rows * heads; head++) out.set(stored.subarray(head * from, (head + 1) * from), head * D);
  return out;
}
