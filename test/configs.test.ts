// Every file under configs/ is what it says: a recipe, a spec, or rules of comparison that validate.
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { loadRules } from "../src/eval/calls/comparison.ts";
import { parseSpec } from "../src/model/spec-file.ts";
import { createRecipe } from "../src/train/recipe.ts";

const folder = new URL("../configs/", import.meta.url);
const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".json"));

test.each(files)("configs/%s validates", async (file) => {
  if (file.startsWith("calls/")) {
    expect(await loadRules(new URL(file, folder).pathname)).not.toEqual({});
    return;
  }
  const json = JSON.parse(readFileSync(new URL(file, folder), "utf8"));
  if ("version" in json) expect(createRecipe(json, file)).toMatchObject(json);
  else expect(parseSpec(json, file)).toMatchObject(json);
});
