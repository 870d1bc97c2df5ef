// The prefix cache: later requests begin where earlier ones are alike, and nothing else changes.
import { describe, expect, it } from "vitest";
import { createReferenceBackend } from "../kernels/index.ts";
import { PrefixCache } from "./prefix-cache.ts";
import { floatDecoder, randomIds, randomTensors, tinySpec, worst } from "./tiny.case.ts";

const spec = tinySpec({ context: 300 });

function create(sessions?: number) {
  const decoder = floatDecoder(createReferenceBackend(), spec, randomTensors(spec));
  return { decoder, cache: new PrefixCache(decoder, { sessions }) };
}

const system = [...randomIds(spec, 100)];
/** A first token that no other request has. */
const elsewhere = (n: number) => (system[0]! + n) % spec.vocabulary;
const request = (seed: number, length = 20) => [...system, seed, ...randomIds(spec, length, seed)];

/** Runs a request as generate does; how many tokens were known, and the logits. */
function serve(cache: PrefixCache, ids: readonly number[]) {
  const session = cache.open(ids);
  const reused = session.length;
  session.append(ids.slice(reused));
  const logits = session.logits().slice();
  cache.keep(session);
  return { reused, logits };
}

describe("the prefix cache", () => {
  it("reuses exactly what a request has in common with an earlier one, and the logits are those of a fresh session", () => {
    const { decoder, cache } = create();
    const requests = [
      request(1),
      request(2),
      request(2, 30),
      request(1),
      system.slice(0, 10),
      [elsewhere(1), ...system],
    ];
    const reused = requests.map((ids) => {
      const served = serve(cache, ids);
      const fresh = decoder.createSession();
      fresh.append(ids);
      expect(worst(served.logits, fresh.logits())).toBeLessThan(1e-5);
      fresh.close();
      return served.reused;
    });
    // The third has the twenty tokens of the second, the fourth is the first: all but its last token is known.
    expect(reused).toEqual([0, 100, 121, 120, 9, 0]);
  });

  it("holds what is common once, and gives everything back when closed", () => {
    const { decoder, cache } = create();
    const before = decoder.backend.allocatedBytes;
    serve(cache, request(1));
    const one = decoder.backend.allocatedBytes - before;
    serve(cache, request(2));
    const page = decoder.pagesOf("int8").pageBytes;
    // Of the second session only the last page, from token 64 on, is its own.
    expect(decoder.backend.allocatedBytes - before - one).toBeLessThan(1.5 * page);
    const roomy = cache.open(request(3), 290);
    roomy.append(request(3).slice(roomy.length));
    roomy.reserve(290);
    const beforeKept = decoder.backend.allocatedBytes;
    cache.keep(roomy);
    expect(decoder.backend.allocatedBytes).toBe(beforeKept - 3 * page);
    cache.close();
    expect(decoder.backend.allocatedBytes).toBe(before);
    expect(serve(cache, request(1)).reused).toBe(0);
    cache.close();
  });

  it("drops what a later session continues, and the least used of too many", () => {
    const { decoder, cache } = create(2);
    serve(cache, system);
    serve(cache, request(1));
    expect(cache.size).toBe(1);
    const other = [elsewhere(1), ...randomIds(spec, 30, 9)];
    serve(cache, other);
    serve(cache, request(1)); // used again
    serve(cache, [elsewhere(2), ...randomIds(spec, 30, 10)]);
    expect(cache.size).toBe(2);
    expect(serve(cache, other).reused).toBe(0);
    cache.close();
    expect(decoder.backend.allocatedBytes).toBe(create().decoder.backend.allocatedBytes);
  });
});
