// Scores by shared prefixes and batches against each question run alone.
import { describe, expect, it } from "vitest";
import { ContextOverflowError } from "../../errors.ts";
import { tinyModel, tinyTokenizer } from "../../generate/tiny-model.case.ts";
import { createRandom } from "../../random.ts";
import { QuestionEncoder, type Scored } from "./encode.ts";
import { type GenerationRequest, generateGroup, groupSize, planGeneration } from "./generator.ts";
import { buildTrie, planScoring, type TrieNode } from "./plan.ts";
import { Scorer } from "./scorer.ts";

const model = tinyModel(undefined, { layers: 2 });
const V = model.spec.vocabulary;

/** Questions that begin alike in many ways; some are the same, some begin another. */
function questions(count: number, root: number, seed = 1): Scored[] {
  const random = createRandom(seed, "questions");
  const ids = (length: number) => Array.from({ length }, () => random.below(V));
  const begin = ids(root);
  const stems = Array.from({ length: 5 }, () => ids(1 + random.below(12)));
  return Array.from({ length: count }, () => {
    const stem = random.pick(stems);
    const cut = stem.slice(0, 1 + random.below(stem.length));
    const context = [...begin, ...cut];
    // Few different tokens, so that continuations begin alike too.
    const continuation = Array.from({ length: 1 + random.below(6) }, () => random.below(2));
    return { tokens: Int32Array.from([...context, ...continuation]), from: context.length };
  });
}

function alone({ tokens, from }: Scored) {
  const session = model.decoder.createSession({ kv: "f32" });
  let [logLikelihood, greedy] = [0, true];
  session.score(tokens.subarray(0, -1), (i, logits) => {
    if (i < from - 1) return;
    const max = Math.max(...logits);
    const sum = logits.reduce((total, logit) => total + Math.exp(logit - max), 0);
    const logit = logits[tokens[i + 1]!]!;
    logLikelihood += logit - max - Math.log(sum);
    greedy &&= logit === max;
  });
  session.close();
  return { logLikelihood, greedy };
}

async function scoreAll(asked: readonly Scored[]) {
  const plan = planScoring(asked);
  let tokens = 0;
  const scorer = new Scorer(model.decoder, { kv: "f32", onTokens: (count) => (tokens += count) });
  scorer.begin(plan.root);
  const scores = new Array<{ logLikelihood: number; greedy: boolean }>(asked.length);
  for (const block of plan.blocks) {
    const results = await scorer.score(asked, block);
    for (const [i, index] of block.order.entries()) scores[index] = results[i]!;
  }
  scorer.close();
  return { plan, scores, tokens };
}

describe("scoring", () => {
  it.each([
    [60, 0],
    [60, 9],
    [300, 3],
    [1, 4],
  ])("%i questions behind %i common tokens: each as if alone", async (count, root) => {
    const asked = questions(count, root);
    const before = model.decoder.backend.allocatedBytes;
    const { plan, scores, tokens } = await scoreAll(asked);
    expect(model.decoder.backend.allocatedBytes).toBe(before);
    asked.forEach((question, i) => {
      const wanted = alone(question);
      expect(scores[i]!.logLikelihood).toBeCloseTo(wanted.logLikelihood, 4);
      expect(scores[i]!.greedy).toBe(wanted.greedy);
    });
    expect(tokens).toBe(plan.tokens);
    if (count > 1) expect(tokens).toBeLessThan(plan.unshared);
  });

  it("puts every input's tokens into the tree once", () => {
    const asked = questions(200, 2, 3);
    const plan = planScoring(asked);
    for (const { order, tokens } of plan.blocks) {
      let sum = 0;
      const walk = (nodes: readonly TrieNode[], start: number) => {
        for (const node of nodes) {
          expect(node.start).toBe(start);
          expect(node.end).toBeGreaterThan(node.start);
          sum += node.end - node.start;
          for (let i = node.lo; i < node.hi; i++) {
            const [a, b] = [asked[order[node.lo]!]!.tokens, asked[order[i]!]!.tokens];
            expect(b.subarray(start, node.end)).toEqual(a.subarray(start, node.end));
          }
          walk(node.children, node.end);
        }
      };
      walk(buildTrie(asked, order, plan.root.length), plan.root.length);
      expect(sum).toBe(tokens);
    }
    const inputs = new Set(asked.map(({ tokens }) => tokens.subarray(0, -1).join()));
    const prefixes = new Set<string>();
    for (const ids of Array.from(inputs, (input) => input.split(","))) {
      for (const i of ids.keys()) prefixes.add(ids.slice(0, i + 1).join());
    }
    expect(plan.tokens).toBe(prefixes.size);
  });

  it("makes blocks that depend on the questions alone", () => {
    const asked = questions(3000, 0, 5);
    const blocks = planScoring(asked).blocks;
    expect(planScoring(asked).blocks).toEqual(blocks);
    expect(blocks.flatMap(({ order }) => order).sort((a, b) => a - b)).toEqual([...asked.keys()]);
  });

  it("stops when the signal says so, and gives the memory back", async () => {
    const asked = questions(20, 0);
    const before = model.decoder.backend.allocatedBytes;
    const scorer = new Scorer(model.decoder, { kv: "f32", signal: AbortSignal.abort() });
    await expect(scorer.score(asked, planScoring(asked).blocks[0]!)).rejects.toMatchObject({ code: "aborted" });
    scorer.close();
    expect(model.decoder.backend.allocatedBytes).toBe(before);
  });
});

describe("texts as tokens", () => {
  const tokenizer = tinyTokenizer();
  const encoder = (context = 16, truncate = false) => new QuestionEncoder({ tokenizer, context, truncate });

  it("are cut where the continuation begins, with the space before it", () => {
    const { tokens, from } = encoder(64).pair("the cat sat ", "on the mat");
    expect(tokenizer.decode(tokens.subarray(from))).toBe(" on the mat");
    expect(tokenizer.decode(tokens)).toBe("the cat sat on the mat");
  });

  it("without a context stand behind the token that begins or ends texts", () => {
    const one = encoder();
    const { tokens, from } = one.pair("", "the cat");
    expect([tokens[0], from]).toEqual([one.prefixToken, 1]);
    expect(one.prefixToken).toBe(tokenizer.bosId ?? tokenizer.eosId);
  });

  it("that are too long are errors, or lose their beginning", () => {
    const long = "the cat sat on the mat ".repeat(5).trim();
    expect(() => encoder().pair(long, " and")).toThrow(ContextOverflowError);
    const cutting = encoder(16, true);
    const { tokens, from } = cutting.pair(long, " and");
    expect([tokens.length, tokens.length - from > 0, cutting.truncated]).toEqual([17, true, 1]);
    expect(() => cutting.pair("a", long)).toThrow(ContextOverflowError);
    expect(cutting.prompt(long, 4)).toHaveLength(12);
    expect(() => encoder().prompt(long, 4)).toThrow(/a prompt of \d+ tokens and 4 new ones/);
  });

  it("in windows are scored once each, behind at least one token", () => {
    const text = "the dog sat on the log and the cat sat on the mat ".repeat(3);
    const ids = tokenizer.encode(text);
    const windows = encoder().windows(text);
    const scored = windows.flatMap(({ tokens, from }) => [...tokens.subarray(from)]);
    expect(scored).toEqual(ids);
    for (const { tokens, from } of windows) {
      expect(tokens.length).toBe(17);
      expect(from).toBeGreaterThan(0);
    }
    expect(windows.length).toBe(Math.ceil(ids.length / 16));
  });
});

describe("generation in groups", () => {
  const request = (prompt: number[], changes: Partial<GenerationRequest> = {}): GenerationRequest => ({
    prompt: Int32Array.from(prompt),
    until: [],
    maxTokens: 6,
    temperature: 0,
    topP: 1,
    topK: 0,
    seed: 1,
    ...changes,
  });

  function greedy({ prompt, maxTokens }: GenerationRequest): string {
    const session = model.decoder.createSession({ kv: "f32" });
    const ids: number[] = [];
    session.append(prompt);
    for (let i = 0; i < maxTokens; i++) {
      const logits = session.logits();
      const next = logits.indexOf(Math.max(...logits));
      if (model.eosIds.has(next)) break;
      ids.push(next);
      session.append([next]);
    }
    session.close();
    return model.tokenizer.decode(ids, { skipSpecial: true });
  }

  it("continues each prompt as if alone", async () => {
    const random = createRandom(3, "prompts");
    const begin = Array.from({ length: 5 }, () => random.below(V));
    const asked = Array.from({ length: groupSize + 3 }, () =>
      request([...begin, ...Array.from({ length: random.below(5) + 1 }, () => random.below(V))]),
    );
    const groups = planGeneration(asked);
    expect(groups.map((group) => group.length)).toEqual([groupSize, 3]);
    for (const group of groups) {
      const { texts, shared } = await generateGroup(model, asked, group, { kv: "f32" });
      expect(texts).toEqual(group.map((index) => greedy(asked[index]!)));
      expect(shared).toBeGreaterThanOrEqual(5 * (group.length - 1));
    }
  });

  it("ends at a stop text, which is not part of the answer", async () => {
    const free = (await generateGroup(model, [request([1, 2, 3])], [0], { kv: "f32" })).texts[0]!;
    const stop = [...free][Math.floor([...free].length / 2)]!;
    const { texts } = await generateGroup(model, [request([1, 2, 3], { until: [stop] })], [0], { kv: "f32" });
    expect(texts[0]).toBe(free.split(stop)[0]);
  });

  it("samples the same for the same seed", async () => {
    const how = { temperature: 1.5, maxTokens: 8 };
    const asked = [request([1, 2], how), request([1, 2], { ...how, seed: 2 }), request([1, 2], how)];
    const { texts } = await generateGroup(model, asked, [0, 1, 2], { kv: "f32" });
    expect(texts[0]).toBe(texts[2]);
    expect(texts[0]).not.toBe(texts[1]);
  });
});
