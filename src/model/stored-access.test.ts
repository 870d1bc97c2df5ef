// Tensors read one at a time are those that are read together: of every family, fused, transposed, in shards.
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { HandheldError } from "../errors.ts";
import { readFloatTensors } from "./load.ts";
import { openStoredModel } from "./stored-access.ts";

const folder = fileURLToPath(new URL("../../test/parity/fixtures/families/", import.meta.url));
const models = readdirSync(folder).filter((name) =>
  readdirSync(`${folder}${name}`).some((file) => file.includes("model")),
);

describe("openStoredModel", () => {
  it.each(models)("%s: the tensors of readFloatTensors", async (name) => {
    const model = await openStoredModel(`${folder}${name}`);
    const { spec, tensors } = await readFloatTensors(`${folder}${name}`);
    expect(model.spec).toEqual(spec);
    for (const [i, { name, shape, read }] of model.tensors.entries()) {
      expect({ name, shape }).toEqual({ name: tensors[i]!.name, shape: tensors[i]!.shape });
      expect(await read()).toEqual(tensors[i]!.data);
    }
    await model.close();
  });

  it("says what is missing", async () => {
    await expect(openStoredModel(`${folder}none`)).rejects.toThrow(HandheldError);
    await expect(openStoredModel(`${folder}mamba`)).rejects.toMatchObject({ code: "unsupported" });
  });
});
