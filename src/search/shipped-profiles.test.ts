// The profiles that come with the package: each can be used, is a good one, and says what it is.
import { expect, it } from "vitest";
import { preset } from "../spec/presets.ts";
import { createPredictor } from "./latency/predictor.ts";
import { findShippedProfile, shippedProfiles } from "./shipped-profiles.ts";

const shipped = await shippedProfiles();

it.each(shipped)("$name was steady, says which machine it is, and predicts", ({ profile }) => {
  expect(profile.quality.steady).toBe(true);
  expect(profile.quality.checks.length).toBeGreaterThanOrEqual(12);
  expect(profile.about!.length).toBeGreaterThan(60);
  const at = { prompt: 64, context: 64 };
  const [small, large] = [preset("PhoneLM-0.5B"), preset("PhoneLM-1.5B")].map((spec) =>
    createPredictor(profile).speed(spec, at),
  );
  expect(small!.decodeTokensPerSecond.value).toBeGreaterThan(1.5 * large!.decodeTokensPerSecond.value);
});

it("are found by name, and nothing outside their folder is", async () => {
  const { name, profile } = shipped[0]!;
  expect(await findShippedProfile(name)).toEqual(profile);
  expect(await findShippedProfile("nobody")).toBeNull();
  expect(await findShippedProfile(`../profiles/${name}`)).toBeNull();
  expect(await findShippedProfile("..")).toBeNull();
});
