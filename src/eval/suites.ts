// Suites: lists of tasks under a name, with the number of examples that each is usually run with, as data files.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { HandheldError, invalidFile, ioError, suggest } from "../errors.ts";
import { pathExists } from "../io.ts";
import { shippedSuites } from "./shipped.ts";
import type { Definition, TaskCatalogue } from "./tasks/catalogue.ts";
import { readTaskYaml } from "./tasks/yaml.ts";

const schema = z.strictObject({
  suite: z.string(),
  description: z.string(),
  /** Samples per task at most. */
  limit: z.number().int().positive().optional(),
  tasks: z
    .array(
      z.union([z.string(), z.strictObject({ task: z.string(), shots: z.number().int().nonnegative().optional() })]),
    )
    .min(1),
});

/** What a suite file says. */
export type Suite = z.infer<typeof schema>;

/** Names of the suites that come with the package. @throws HandheldError `io` */
export async function suiteNames(): Promise<string[]> {
  const files = await readdir(shippedSuites).catch((cause) => {
    throw ioError("read", shippedSuites, cause);
  });
  return files.filter((name) => name.endsWith(".yaml")).map((name) => name.slice(0, -5));
}

/** A suite by its name, or by the path of its file. @throws HandheldError `invalid-option`, `io` or `invalid-file` */
export async function loadSuite(name: string): Promise<Suite> {
  const names = await suiteNames();
  const path = names.includes(name) ? join(shippedSuites, `${name}.yaml`) : name;
  if (!names.includes(name) && !(/\.ya?ml$/.test(name) && (await pathExists(name)))) {
    const hint = suggest(name, names) || `; there are ${names.join(", ")}`;
    throw new HandheldError("invalid-option", `there is no suite "${name}"${hint}`);
  }
  const parsed = schema.safeParse(await readTaskYaml(path));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalidFile(path, `${issue!.path.join(".") || "suite"}: ${issue!.message}`);
}

/** The tasks of a suite, with its numbers of examples. @throws as TaskCatalogue.find */
export function suiteTasks(suite: Suite, catalogue: TaskCatalogue): Definition[] {
  return suite.tasks.flatMap((entry) => {
    const { task, shots } = typeof entry === "string" ? { task: entry, shots: undefined } : entry;
    const found = catalogue.find(task);
    return shots ? found.map((definition) => withShots(definition, shots)) : found;
  });
}

function withShots(definition: Definition, shots: number): Definition {
  if (definition.kind === "group") {
    return { ...definition, members: definition.members.map((member) => withShots(member, shots)) };
  }
  const { num_fewshot: own } = definition.config;
  return own === 0 ? definition : { ...definition, config: { ...definition.config, num_fewshot: shots } };
}
