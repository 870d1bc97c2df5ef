// Architectures that the study of docs/search.md compares: shapes of other families brought to a size, and one option
// changed at a time. No measurement here.
import { allLandmarks } from "../src/search/index.ts";
import { countParameters } from "../src/spec/arithmetic.ts";
import { createSpec, type Spec } from "../src/spec/spec.ts";

type Named = [name: string, spec: Spec];

/** Shapes of MobileLLM, Qwen2, Llama 3.2 and SmolLM with the parameters, vocabulary and context of `like`. */
export function equalSizeShapes(like: Spec): Named[] {
  const large = countParameters(like).total > 1e9;
  const names = large
    ? ["MobileLLM-1.5B", "Qwen2-1.5B", "Llama-3.2-1B", "SmolLM-1.7B"]
    : ["MobileLLM-600M", "Qwen2-0.5B", "Llama-3.2-1B", "SmolLM-360M"];
  const known = allLandmarks();
  return names.map((name) => {
    const found = known.find((one) => one.name === name);
    if (found === undefined) throw new Error(`the catalogue has no ${name}`);
    return [`${name}-shaped`, resize(found.spec, like)];
  });
}

/**
 * The same depth, head size, query heads per key/value head, activation and about the same FFN ratio: width and then FFN
 * width are changed until the parameters are those of `like`, with its vocabulary and tied embeddings.
 */
function resize(shape: Spec, like: Spec): Spec {
  const { total } = countParameters(like);
  const groupSize = shape.heads / shape.kvHeads;
  const ratio = shape.ffnWidth / shape.width;
  const unit = shape.headSize * groupSize;
  const at = (units: number) => {
    const width = units * unit;
    const heads = units * groupSize;
    const { layers, headSize, activation, gated } = shape;
    const sizes = { layers, width, heads, kvHeads: units, headSize, ffnWidth: 32 * Math.round((ratio * width) / 32) };
    const { vocabulary, context } = like;
    return createSpec({ ...sizes, activation, gated, vocabulary, context });
  };
  let units = 1;
  while (Math.abs(countParameters(at(units + 1)).total - total) < Math.abs(countParameters(at(units)).total - total))
    units++;
  return fillFfn(at(units), total);
}

/** A spec with the FFN width that brings its parameters nearest to `total`. */
function fillFfn(spec: Spec, total: number): Spec {
  const perUnit = spec.layers * spec.width * (spec.gated ? 3 : 2);
  const missing = total - countParameters(spec).total;
  return createSpec({ ...spec, ffnWidth: spec.ffnWidth + 32 * Math.round(missing / perUnit / 32) });
}

/** One option changed at a time, at the same size unless the name says otherwise. */
export function optionVariants(spec: Spec): Named[] {
  const { total } = countParameters(spec);
  const changed = (changes: Partial<Spec>) => createSpec({ ...spec, ...changes });
  const filled = (changes: Partial<Spec>) => fillFfn(changed(changes), total);
  return [
    ["SiLU for ReLU", changed({ activation: "silu" })],
    ["4 key/value heads, the FFN grown", filled({ kvHeads: 4 })],
    ["4 key/value heads, the rest as it was", changed({ kvHeads: 4 })],
    ["untied head, the FFN shrunk", filled({ tiedEmbeddings: false })],
    ["untied head, the rest as it was", changed({ tiedEmbeddings: false })],
    ["every block run twice", changed({ layerRepeat: 2 })],
    ["twice the layers, the FFN shrunk", filled({ layers: 2 * spec.layers, ...halfWidth(spec) })],
  ];
}

// Twice as deep at the same size: the width shrinks by the square root of two, in steps that the heads divide.
function halfWidth({ width, heads, ffnWidth }: Spec): Partial<Spec> {
  const step = 2 * heads;
  const narrow = Math.round(width / Math.SQRT2 / step) * step;
  const sizes = { width: narrow, headSize: narrow / heads, ropeSize: narrow / heads, embeddingWidth: narrow };
  return { ...sizes, ffnWidth: Math.round(ffnWidth / Math.SQRT2 / 32) * 32 };
}
