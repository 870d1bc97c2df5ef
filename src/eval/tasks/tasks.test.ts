// Task files: what they may say, what is wrong with them in words, and what they become. Python's own results for the same
// are in test/parity/lm-eval.test.ts.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { shippedTasks } from "../shipped.ts";
import { aggregate, groupMean, groupStderr, standardError } from "./aggregate.ts";
import { type GroupDefinition, loadCatalogue, loadTaskFile, type TaskDefinition } from "./catalogue.ts";
import { filterPipelines } from "./filters.ts";
import { type PreparedTask, type PrepareOptions, prepareTask } from "./prepare.ts";
import { registerTwin } from "./twins.ts";

const folder = mkdtempSync(join(tmpdir(), "handheld-tasks-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

const rows = [
  { q: "one", good: "yes", bad: "no", label: 0 },
  { q: "two", good: "aye", bad: "nay", label: 1 },
  { q: "three", good: "si", bad: "non", label: 0 },
];
const data = write("data/rows/test.jsonl", rows.map((row) => `${JSON.stringify(row)}\n`).join(""));

const base = `
task: mine
dataset_path: rows
test_split: test
fewshot_split: test
output_type: multiple_choice
doc_to_text: "{{q}}:"
doc_to_choice: "{{[good, bad]}}"
doc_to_target: label
`;

let files = 0;
/** The task of a file's text. */
async function taskOf(text: string): Promise<TaskDefinition> {
  const { catalogue, name } = await loadTaskFile(write(`t${files++}/mine.yaml`, text));
  return catalogue.find(name)[0] as TaskDefinition;
}

async function prepared(text: string, options: PrepareOptions = {}): Promise<PreparedTask> {
  return prepareTask(await taskOf(text), { folder: dirname(dirname(data)), ...options });
}

const asked = ({ documents }: PreparedTask) => documents.map(({ requests }) => requests);

describe("a task file", () => {
  it("becomes questions", async () => {
    const [first] = asked(await prepared(base));
    expect(first).toEqual([
      { kind: "continuation", context: "one:", continuation: " yes" },
      { kind: "continuation", context: "one:", continuation: " no" },
    ]);
  });

  it("includes another one, whose fields its own replace", async () => {
    write("inc/base.yaml", base);
    const path = write("inc/mine.yaml", 'include: base.yaml\ntask: other\ntarget_delimiter: "_"\n');
    const { catalogue, name } = await loadTaskFile(path);
    const task = catalogue.find(name)[0] as TaskDefinition;
    expect([task.name, task.config.doc_to_text, task.config.target_delimiter]).toEqual(["other", "{{q}}:", "_"]);
    const loop = write("inc/loop.yaml", "include: loop.yaml\ntask: x\n");
    await expect(loadTaskFile(loop)).rejects.toThrow(`${loop}: includes itself`);
  });

  it("may have groups whose tasks include files, fields twice, and quoted texts whose lines begin anywhere", async () => {
    write("py/shared.yaml", base.replace("task: mine\n", ""));
    const text = 'group: g\ntask:\n  - task: a\n    include: shared.yaml\n    doc_to_text: "{{q}}\nnext"\n';
    const { catalogue, name } = await loadTaskFile(write("py/group.yaml", `${text}group: h\n`));
    const [group] = catalogue.find(name) as GroupDefinition[];
    expect([name, group!.members.map((member) => member.name)]).toEqual(["h", ["a"]]);
    // As PyYAML folds it.
    expect((group!.members[0] as TaskDefinition).config.doc_to_text).toBe("{{q}} next");
    const open = write("py/open.yaml", 'task: "x\ny\n');
    await expect(loadTaskFile(open)).rejects.toThrow(/open\.yaml: not valid YAML: Missing closing/);
  });

  it("puts a description and examples before each question, never the question itself", async () => {
    const text = `${base}description: "About {{q}}.\\n"\nfewshot_config: {sampler: first_n}\n`;
    const contexts = asked(await prepared(text, { shots: 1 })).map(
      ([request]) => (request as { context: string }).context,
    );
    expect(contexts).toEqual([
      "About one.\ntwo: nay\n\none:",
      "About two.\none: yes\n\ntwo:",
      "About three.\none: yes\n\nthree:",
    ]);
  });

  it("draws examples as Python would with the same seed", async () => {
    const context = async (seed: number) =>
      asked(await prepared(base, { shots: 2, fewShotSeed: seed })).map(([one]) => (one as { context: string }).context);
    expect(await context(1)).toEqual(await context(1));
    for (const text of await context(1)) expect(text.split("\n\n")).toHaveLength(3);
    await expect(prepared(base, { shots: 3 })).rejects.toThrow(/fewshot_split: 3 shots need 4 rows/);
  });

  it("that says 0 shots itself stays at 0", async () => {
    expect((await prepared(`${base}num_fewshot: 0\n`, { shots: 2 })).shots).toBe(0);
  });

  it("may name a function that was registered", async () => {
    registerTwin("mine_utils.shout", "field", ({ q }) => `${String(q).toUpperCase()}!`);
    const text = base.replace('"{{q}}:"', "!function mine_utils.shout");
    expect(asked(await prepared(text))[0]![0]).toMatchObject({ context: "ONE!" });
  });

  it("may name functions that aggregate, filter, score and give examples", async () => {
    registerTwin("mine_utils.least", "aggregation", (values) => Math.min(...(values as number[])));
    registerTwin("mine_utils.reverse", "filter", (answers, { q }) => answers.map((answer) => `${String(q)}-${answer}`));
    registerTwin("mine_utils.length", "metric", (right, answer) => answer.length - right[0]!.length);
    registerTwin("mine_utils.shown", "samples", () => [{ q: "zero", good: "ja", bad: "nein", label: 0 }]);
    const text = `${base.replace("multiple_choice", "generate_until")}num_fewshot: 1
fewshot_config: {samples: !function mine_utils.shown}
filter_list: [{name: f, filter: [{function: custom, filter_fn: !function mine_utils.reverse}, {function: take_first}]}]
metric_list: [{metric: !function mine_utils.length, aggregation: !function mine_utils.least, higher_is_better: false}]
`.replace("fewshot_split: test\n", "");
    const task = await prepared(text);
    expect(asked(task)[0]![0]).toMatchObject({ context: "zero: ja\n\none:" });
    expect(task.filters[0]!.apply(["no"], rows[0])).toBe("one-no");
    const [rule] = task.metrics.rules;
    expect([rule!.name, rule!.higherIsBetter]).toEqual(["length", false]);
    expect(task.metrics.values(rows[0]!, ["four"])).toEqual({ length: 1 });
    expect(aggregate(rule!.aggregation, [3, 1, 2])).toBe(1);
    expect(await standardError(rule!.aggregation, [3, 1, 2], 10)).toBeNull();
  });

  it("has the averages of F1 that the harness's files write in Python", async () => {
    const listed = (name: string) =>
      `metric_list: [{metric: f1, aggregation: !function utils.${name}, hf_evaluate: true}]\n`;
    const of = async (name: string) => (await prepared(base + listed(name))).metrics.rules[0]!.aggregation;
    // Right 0 0 1 2, chosen 0 1 1 1: F1 of 0 is 2/3, of 1 1/2, of 2 nothing.
    const pairs = [
      [0, 0],
      [0, 1],
      [1, 1],
      [2, 1],
    ] as [number, number][];
    expect(aggregate(await of("macro_f1_score"), pairs)).toBeCloseTo((2 / 3 + 1 / 2) / 3, 12);
    expect(aggregate(await of("weighted_f1_score"), pairs)).toBeCloseTo((2 * (2 / 3) + 1 / 2) / 4, 12);
    expect(aggregate(await of("micro_f1_score"), pairs)).toBeCloseTo(2 / 4, 12);
  });

  const faults: [what: string, text: string, message: RegExp][] = [
    [
      "a field it does not know",
      `${base}doc_to_txt: x\n`,
      /mine\.yaml: unknown field doc_to_txt; did you mean "doc_to_text"\?/,
    ],
    ["no question", base.replace(/doc_to_text.*\n/, ""), /mine\.yaml: doc_to_text is missing/],
    ["no choices", base.replace(/doc_to_choice.*\n/, ""), /mine\.yaml: doc_to_choice is missing/],
    ["no data set", base.replace(/dataset_path.*\n/, ""), /mine\.yaml: dataset_path is missing/],
    ["no split", base.replace(/\ntest_split.*\n/, "\n"), /mine\.yaml: test_split and validation_split are missing/],
    [
      "a split that the data has not",
      base.replace("\ntest_split: test", "\ntest_split: nope"),
      /no split "nope" of rows.*test/,
    ],
    [
      "an unknown metric",
      `${base}metric_list: [{metric: accc}]\n`,
      /metric_list\.0: unknown metric "accc"; did you mean "acc"\?/,
    ],
    [
      "a metric of another kind",
      `${base}metric_list: [{metric: perplexity}]\n`,
      /metric "perplexity" is none of output_type multiple_choice/,
    ],
    [
      "a metric of evaluate's",
      `${base.replace("multiple_choice", "generate_until")}metric_list: [{metric: f1, hf_evaluate: true}]\n`,
      /metric_list\.0: metric "f1" of the Python package evaluate/,
    ],
    [
      "an aggregation without a twin",
      `${base}metric_list: [{metric: acc, aggregation: !function nowhere.mean}]\n`,
      /metric_list\.0: aggregation: !function nowhere\.mean has no twin in TypeScript; register one/,
    ],
    [
      "an unknown aggregation",
      `${base}metric_list: [{metric: acc, aggregation: avg}]\n`,
      /metric_list\.0: unknown aggregation "avg"/,
    ],
    [
      "an unknown filter",
      `${base}filter_list: [{name: a, filter: [{function: tak_first}]}]\n`,
      /filter_list: a: unknown filter "tak_first"; did you mean "take_first"/,
    ],
    ["a template that is none", base.replace("{{q}}:", "{{q"), /mine\.yaml: doc_to_text: the template fails/],
    [
      "a column that is not there",
      base.replace("{{q}}:", "{{qq}}"),
      /row 1 of test: doc_to_text: the template fails: "qq" is undefined/,
    ],
    [
      "a right answer that is none",
      base.replace("doc_to_target: label", "doc_to_target: 7"),
      /doc_to_target gives 7, which is none of the 2 choices/,
    ],
    [
      "an unknown function",
      base.replace('"{{q}}:"', "!function utils.nothing"),
      /doc_to_text: !function utils\.nothing has no twin in TypeScript; register one/,
    ],
    [
      "an unknown output type",
      base.replace("multiple_choice", "multiple_choices"),
      /output_type: .*got "multiple_choices"/,
    ],
    [
      "an unknown sampler",
      `${base}fewshot_config: {sampler: best}\nnum_fewshot: 1\n`,
      /fewshot_config\.sampler: "best" is unknown/,
    ],
    ["pictures", `${base}doc_to_image: image\n`, /doc_to_image needs a model that sees/],
    ["no YAML", "task: [", /mine\.yaml: not valid YAML/],
    ["another tag", `${base}x: !python y\n`, /the only tag known is !function/],
    ["a list", "- a\n", /and not the fields of a task/],
  ];
  it.each(faults)("with %s is an error that names file and field", async (_, text, message) => {
    const run = async () => {
      const task = await prepared(text);
      const answers = task.documents[0]!.requests.map(() => ({ logLikelihood: 0, greedy: false }));
      task.metrics.values(task.documents[0]!.row, answers);
    };
    await expect(run()).rejects.toThrow(message);
    await expect(run()).rejects.toMatchObject({ name: expect.stringMatching(/HandheldError|DataError/) });
  });
});

describe("groups and tags", () => {
  it("of files: members, patterns, tasks defined on the spot", async () => {
    write("cat/a.yaml", `${base.replace("mine", "t_a")}tag: both\n`);
    write("cat/b.yaml", `${base.replace("mine", "t_b")}tag: [both, one]\n`);
    const group = `group: all\n${base.replace("task: mine\n", "")}task:\n  - both\n  - {task: t_c, doc_to_text: "{{q}}?"}\n`;
    write("cat/c.yaml", `${group}aggregate_metric_list: {metric: acc, weight_by_size: false}\n`);
    write("cat/broken.yaml", "task: [\n");
    const catalogue = await loadCatalogue([join(folder, "cat")]);
    const names = (name: string) => catalogue.find(name).map((found) => found.name);
    expect(names("both")).toEqual(["t_a", "t_b"]);
    expect(names("t_*")).toEqual(["t_a", "t_b", "t_c"]);
    const [all] = catalogue.find("all") as GroupDefinition[];
    expect(all!.members.map((member) => member.name)).toEqual(["t_a", "t_b", "t_c"]);
    expect((all!.members[2] as TaskDefinition).config.doc_to_text).toBe("{{q}}?");
    expect(catalogue.failures.map(String)).toEqual([expect.stringMatching(/broken\.yaml: not valid YAML/)]);
    expect(() => catalogue.find("nothing")).toThrow(/there is no task "nothing"; a file could not be read/);
  });

  it("that are shipped can all be resolved", async () => {
    const catalogue = await loadCatalogue([shippedTasks]);
    expect(catalogue.failures).toEqual([]);
    for (const name of catalogue.names) expect(catalogue.find(name).length).toBeGreaterThan(0);
    const subjects = (name: string) =>
      catalogue.find(name).flatMap(function leaves(found): string[] {
        return found.kind === "task" ? [found.name] : found.members.flatMap(leaves);
      });
    expect(["mmlu", "cmmlu", "ceval-valid"].map((name) => new Set(subjects(name)).size)).toEqual([57, 67, 52]);
  });
});

describe("filters", () => {
  const run = (filter: string, answers: string[]) => {
    const list = JSON.parse(filter) as never;
    return filterPipelines({ filter_list: [{ name: "f", filter: list }] } as never, "x.yaml")[0]!.apply(answers);
  };
  it.each([
    ['[{"function":"take_first"}]', [" a ", "b"], " a "],
    ['[{"function":"remove_whitespace"},{"function":"take_first"}]', [" a ", "b"], "a"],
    ['[{"function":"majority_vote"},{"function":"take_first"}]', ["a", "b", "b"], "b"],
    ['[{"function":"take_first_k","k":2},{"function":"lowercase"}]', ["A", "B", "C"], ["a", "b"]],
    [
      '[{"function":"regex","regex_pattern":"#### (-?\\\\d+)"},{"function":"take_first"}]',
      ["so #### 12 or #### 3"],
      "12",
    ],
    ['[{"function":"regex","regex_pattern":"(\\\\d+)","group_select":-1},{"function":"take_first"}]', ["1 2 3"], "3"],
    ['[{"function":"regex","regex_pattern":"(a)|(b)"},{"function":"take_first"}]', ["xb"], "b"],
    ['[{"function":"regex","regex_pattern":"z"},{"function":"take_first"}]', ["xb"], "[invalid]"],
    ['[{"function":"map","mapping_dict":{"a":"b"}},{"function":"take_first"}]', ["a"], "b"],
  ])("%s", (filter, answers, wanted) => {
    expect(run(filter, answers)).toEqual(wanted);
  });
});

describe("the filter multi_choice_regex", () => {
  const texts = [
    "I say (B).",
    "It is guilty of romance, surely",
    "the film Guilty",
    "Answer: D",
    "so: \n C",
    "nothing",
    "None of it!",
    "answer is (A) or answer is (C)",
    "C++ it is",
    ": A then: B",
    "",
  ];
  // What lm-evaluation-harness 0.4.13 gives.
  it.each([
    [
      { regex_pattern: "(\\([A-Z]\\))", group_select: 0, ignore_case: true, ignore_punctuation: true },
      ["(B)", "(B)", "(A)", "(D)", "(C)", "[invalid]", "(C)", "(A)", "(D)", "(A)", "[invalid]"],
    ],
    [
      { regex_pattern: "answer is (\\([A-Z]\\))", group_select: -1 },
      ["[invalid]", "[invalid]", "(A)", "(D)", "(C)", "[invalid]", "[invalid]", "(C)", "(D)", "(B)", "[invalid]"],
    ],
  ])("%j", (options, wanted) => {
    const filter = [{ function: "multi_choice_regex", ...options }, { function: "take_first" }];
    const [pipeline] = filterPipelines({ filter_list: [{ name: "f", filter }] } as never, "x.yaml");
    const row = { choices: ["Guilty", "Guilty of Romance", "none (of it)", "C++"] };
    expect(texts.map((text) => pipeline!.apply([text], row))).toEqual(wanted);
    expect(() => pipeline!.apply(["a"], {})).toThrow(/multi_choice_regex needs a column choices/);
  });
});

describe("numbers over documents", () => {
  it("and their standard errors", async () => {
    const values = [1, 0, 1, 1];
    expect(aggregate("mean", values)).toBe(0.75);
    expect(await standardError("mean", values, 1000)).toBeCloseTo(0.25, 12);
    expect(aggregate("median", [3, 1, 2, 9])).toBe(3);
    expect(aggregate("perplexity", [-1, -3])).toBeCloseTo(Math.exp(2), 12);
    expect(
      aggregate("weighted_perplexity", [
        [-10, 2],
        [-2, 4],
      ]),
    ).toBeCloseTo(Math.exp(2), 12);
    expect(aggregate("bits_per_byte", [[-Math.LN2 * 6, 3]])).toBeCloseTo(2, 12);
    expect(
      await standardError(
        "weighted_perplexity",
        [
          [-10, 2],
          [-2, 4],
        ],
        10,
      ),
    ).toBeNull();
    expect(
      aggregate("f1", [
        [1, 1],
        [1, 0],
        [0, 1],
        [0, 0],
      ]),
    ).toBeCloseTo(0.5, 12);
    expect(
      aggregate("matthews_corrcoef", [
        [1, 1],
        [1, 0],
        [0, 1],
        [0, 0],
      ]),
    ).toBe(0);
    expect(await standardError("mean", [1], 10)).toBeNull();
  });

  it("of a group, by size or not", () => {
    expect(groupMean([1, 0], [3, 1])).toBe(0.75);
    expect(groupMean([1, 0], null)).toBe(0.5);
    expect(groupStderr([0.3, 0.4], null)).toBeCloseTo(0.25, 12);
    // Parts of equal size: the same as without sizes but for the degrees of freedom.
    expect(groupStderr([0.1, 0.1], [50, 50])).toBeCloseTo(0.1 / Math.SQRT2, 3);
  });
});
