// The numbers are those of CPython 3.11.
import { describe, expect, it } from "vitest";
import { PythonRandom } from "./python-random.ts";

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

describe("Python's random", () => {
  it("gives the same numbers for the same seed", () => {
    const random = new PythonRandom(1234);
    expect([random.random(), random.random(), random.random()]).toEqual([
      0.9664535356921388, 0.4407325991753527, 0.007491470058587191,
    ]);
    expect(new PythonRandom(0).random()).toBe(0.8444218515250481);
  });

  it("draws the same samples, from a pool or a set", () => {
    const random = new PythonRandom(1234);
    expect(random.sample(range(100), 6)).toEqual([99, 56, 14, 0, 11, 74]);
    expect(random.sample(range(10), 6)).toEqual([0, 1, 8, 6, 2, 7]);
    expect([...random.choices(50, 5)]).toEqual([0, 49, 0, 32, 24]);
    expect(new PythonRandom(2 ** 40 + 5).sample(range(10 ** 6), 4)).toEqual([528881, 542031, 281652, 696042]);
  });
});
