// Contract of what leads from logits to a token: the same seeds give the reference's tokens, whatever the limits, the
// vocabulary and the shape of the distribution. Probabilities may differ by 1e-6, so a draw that falls so close to a
// border could differ; these seeds have none.
import { afterEach, expect, it } from "vitest";
import { createRandom } from "../../random.ts";
import type { Backend } from "../backend.ts";
import { resolveSampling, type SamplingOptions, samplerState } from "../sampling.ts";
import { type Slot, Twins } from "./twins.ts";

/** Declares the tests; `backend` returns the backend under test once the tests run. */
export function samplingContract(backend: () => Backend): void {
  let twins: Twins;
  const begin = () => (twins = new Twins(backend()));
  afterEach(() => twins.release());

  it("masks keep exactly the allowed logits", () => {
    const twins = begin();
    for (const n of [1, 3, 4, 31, 32, 33, 67, 200]) {
      const [x, bits] = [twins.noise(n + 1), twins.ints(randomBits(n))];
      twins.run((b, at) => b.maskLogits(at(x), at(bits), n));
      const [subject, oracle] = [twins.subject.f32(x.subject, n + 1), twins.oracle.f32(x.oracle, n + 1)];
      expect([...subject], `n ${n}`).toEqual([...oracle]);
      twins.release();
    }
  });

  it("repeated tokens are penalised once, exactly", () => {
    const twins = begin();
    const n = 100;
    for (const penalty of [1.3, 0.7]) {
      const x = twins.noise(n, 5);
      const ids = twins.ints([0, 99, 7, 8, 7, 7, 50, 99]);
      twins.run((b, at) => {
        const work = b.alloc(b.sampleBytes(n));
        b.penalizeRepeats(at(x), n, at(ids), 7, Math.fround(penalty), work);
        b.flush();
        b.free(work);
      });
      expect([...twins.subject.f32(x.subject, n)]).toEqual([...twins.oracle.f32(x.oracle, n)]);
    }
  });

  for (const [name, options] of Object.entries(limits)) {
    it(`draws the reference's tokens: ${name}`, () => {
      const twins = begin();
      for (const [shape, logits] of shapes()) {
        const state = twins.ints(samplerState(7));
        const slot = twins.floats(logits);
        for (let draw = 0; draw < 12; draw++) {
          expectSameDraw(twins, slot, logits.length, state, options, `${shape}, draw ${draw}`);
        }
        twins.release();
      }
    });
  }

  it("takes what is left where all is masked, and the first of one", () => {
    const twins = begin();
    const state = twins.ints(samplerState(1));
    const nothing = twins.floats(new Float32Array(70).fill(-Infinity));
    expect(expectSameDraw(twins, nothing, 70, state, { temperature: 1 }, "nothing")).toBe(0);
    expect(expectSameDraw(twins, twins.floats([-3]), 1, state, { temperature: 1 }, "one")).toBe(0);
  });
}

/** Draws on both backends; the token, and the random state after it, must be the same. */
function expectSameDraw(
  twins: Twins,
  x: Slot,
  n: number,
  state: Slot,
  options: SamplingOptions,
  label: string,
): number {
  const out = twins.ints([-1]);
  twins.run((b, at) => {
    const work = b.alloc(b.sampleBytes(n));
    b.sample(at(out), at(x), n, at(state), resolveSampling(options), work);
    b.flush();
    b.free(work);
  });
  const [subject, oracle] = [twins.subject.i32(out.subject, 1)[0]!, twins.oracle.i32(out.oracle, 1)[0]!];
  expect(subject, label).toBe(oracle);
  expect([...twins.subject.i32(state.subject, 4)], label).toEqual([...twins.oracle.i32(state.oracle, 4)]);
  return subject;
}

const limits: Record<string, SamplingOptions> = {
  "no limit": { temperature: 1 },
  "a low temperature": { temperature: 0.05 },
  "a high temperature": { temperature: 20 },
  "top-k 1": { temperature: 1, topK: 1 },
  "top-k 5": { temperature: 3, topK: 5 },
  "top-k 700, more than there are blocks": { temperature: 5, topK: 700 },
  "top-p 0": { temperature: 1, topP: 0 },
  "top-p 0.5": { temperature: 2, topP: 0.5 },
  "top-p 0.99": { temperature: 1, topP: 0.99 },
  "min-p 0.2": { temperature: 1.5, minP: 0.2 },
  "min-p 1": { temperature: 1, minP: 1 },
  "min-p 1e-5 and top-p": { temperature: 4, minP: 1e-5, topP: 0.9 },
  "all limits": { temperature: 1.3, topK: 40, topP: 0.9, minP: 0.02 },
};

/** Logits of several forms and lengths around the blocks of 64. */
function* shapes(): Generator<[name: string, logits: Float32Array]> {
  for (const n of [1, 2, 5, 63, 64, 65, 1000, 5003]) {
    const random = createRandom(n, "logits");
    yield [`${n} normal`, Float32Array.from({ length: n }, () => 3 * random.normal())];
  }
  const random = createRandom(1, "logits");
  yield ["all equal", new Float32Array(300).fill(2.5)];
  yield ["few values, many ties", Float32Array.from({ length: 900 }, () => random.below(4))];
  yield ["one far above", Float32Array.from({ length: 400 }, (_, i) => (i === 333 ? 40 : random.normal()))];
  const falling = Float32Array.from({ length: 500 }, (_, i) => -i / 10);
  yield ["falling", falling];
  yield ["rising", falling.toReversed()];
  const masked = Float32Array.from({ length: 700 }, () => (random.below(3) > 0 ? -Infinity : random.normal()));
  yield ["mostly masked", masked];
}

function randomBits(n: number): Int32Array {
  const random = createRandom(n, "bits");
  return Int32Array.from({ length: Math.ceil(n / 32) }, (_, i) => [random.uint32(), -1, 0][i % 3]!);
}
