import { expect, test } from "vitest";
import { createRecipe, recipeDefaults } from "./recipe.ts";

test("defaults fill what is left out, and a validated recipe stays as it is", () => {
  const recipe = createRecipe({ learningRate: 0.001, dropout: undefined });
  expect(recipe).toEqual({ ...recipeDefaults, learningRate: 0.001 });
  expect(createRecipe(JSON.parse(JSON.stringify(recipe)))).toEqual(recipe);
});

test.each([
  [{ learnRate: 1 }, 'my.json: unknown field "learnRate"; did you mean "learningRate"?'],
  [
    { length: { hours: 1 } },
    'my.json: length: must be {"epochs": n}, {"steps": n} or {"minutes": n} (got {"hours":1})',
  ],
  [{ version: 2 }, "my.json: version: "],
  [{ quantizeRatio: 1.5 }, "my.json: quantizeRatio: "],
  [{ dropout: 1 }, "my.json: dropout: "],
  [{ lora: { rank: 0, alpha: 16 } }, "my.json: lora: "],
])("%j is refused by name", (input, message) => {
  expect(() => createRecipe(input, "my.json")).toThrow(message);
});
