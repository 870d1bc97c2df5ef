// Templates of task files against what Python's Jinja makes of the same.
import { describe, expect, it } from "vitest";
import { parsePythonLiteral } from "./python-literal.ts";
import { capitalize, characters, findAll, pythonRegex, strip, substitute } from "./python-regex.ts";
import { pythonRepr, pythonText } from "./python-text.ts";
import { compileTemplate } from "./template.ts";

const of = (source: string) => compileTemplate(source, "x.yaml: doc_to_text");

describe("a template", () => {
  const row = {
    goal: " Boil. ",
    label: 1,
    choices: { text: ["a", "b"], label: ["A", "B"] },
    answerKey: "B",
    on: true,
    no: null,
  };
  const cases: [string, string][] = [
    ["Question: {{goal}}\nAnswer:", "Question:  Boil. \nAnswer:"],
    ["{{goal.strip()}}\n", "Boil.\n"],
    ["{% set a = 'x\n' %}\n{{a}}", "\nx\n"],
    ["{{choices['text'][0]}} {{choices.text[1]}}", "a b"],
    ["{{choices.label.index(answerKey)}}", "1"],
    ["{{ (label|int) - 1 }}", "0"],
    ["{{ ', '.join(choices.text) }}", "a, b"],
    ["{{ goal|regex_replace('o(.)', '[\\\\1]') }}", " B[i]l. "],
    ["{{on}} {{no}} {{choices.text}} {{choices}}", "True None ['a', 'b'] {'text': ['a', 'b'], 'label': ['A', 'B']}"],
    ["{{['no', 'yes'][on]}}{{[0, 1].index(on)}}{{[0, 1].count(on)}}", "yes11"],
    ["{{ 'ooo'|regex_replace('o', '0', 1) }}", "0oo"],
    ["{{ missing|default('none') }}{% if missing is defined %}!{% endif %}", "none"],
    ["{% for c in choices.text %}{{loop.index}}. {{c}}\n{% endfor %}", "1. a\n2. b\n"],
  ];
  it.each(cases)("%s", (source, wanted) => {
    expect(of(source).render(row)).toBe(wanted);
  });

  it("of one expression has a value", () => {
    expect(of("{{choices.text}}").value(row)).toEqual(["a", "b"]);
    expect(of("{{[goal, label]}}").value(row)).toEqual([" Boil. ", 1]);
    expect(of("{{label}}").value(row)).toBe(1);
    expect(of(" {{label}}").value(row)).toBe(" 1");
  });

  it.each([
    ["{{gaol}}", 'x.yaml: doc_to_text: the template fails: "gaol" is undefined'],
    ["{{choices.texts[0]}}", 'x.yaml: doc_to_text: the template fails: "choices.texts" is undefined'],
    ["{% if gaol %}x{% endif %}", '"gaol" is undefined'],
    ["{{choices.label.index('Z')}}", '"Z" is not in the list'],
    ["{{goal", "x.yaml: doc_to_text: the template fails"],
    ["{{goal | frobnicate}}", "frobnicate"],
    ["{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", "takes more than"],
  ])("%s is an error that says where", (source, message) => {
    expect(() => of(source).render(row)).toThrow(message);
  });
});

describe("Python's literals", () => {
  it.each([
    ["['a', \"it's\", 'it\\'s']", ["a", "it's", "it's"]],
    ["[1, -2.5, 1e3, True, None]", [1, -2.5, 1000, true, null]],
    ["({'a': [1, 2,], 'b': ()}, 'x' 'y')", [{ a: [1, 2], b: [] }, "xy"]],
    ["'\\u00e9\\x41\\n\\d'", "éA\n\\d"],
    ["('a')", "a"],
  ])("%s", (text, value) => {
    expect(parsePythonLiteral(text)).toEqual(value);
  });

  it.each(["[1", "'a", "f(1)", "1 2", "{'a' 1}", "", "[".repeat(1000)])("%s is none", (text) => {
    expect(() => parsePythonLiteral(text)).toThrow(/a Python literal/);
  });
});

describe("Python's texts", () => {
  it("of values are as repr writes them", () => {
    const values = ["it's", 'a"b', "a\"'b\\", "a\n\0é\u200b\u00a0😀", { k: null }, 1.5, true];
    const written = String.raw`["it's", 'a"b', 'a"\'b\\', 'a\n\x00é\u200b\xa0😀', {'k': None}, 1.5, True]`;
    expect(pythonRepr(values)).toBe(written);
    expect(parsePythonLiteral(written)).toEqual(values);
    expect(pythonText("it's")).toBe("it's");
  });

  it("are stripped, capitalised and counted as there", () => {
    expect(strip("\u0085\u001c a\u00a0 \n")).toBe("a");
    expect(capitalize("hELLO World")).toBe("Hello world");
    expect(characters("a😀é")).toBe(3);
  });

  it("are searched and replaced as by re", () => {
    const regex = pythonRegex("(?i)(?P<n>\\d+) (A)?", "x");
    expect(findAll("1 a 22 b", regex)).toEqual([
      ["1", "a"],
      ["22", ""],
    ]);
    expect(substitute("1 a 22 b", regex, "<\\g<n>$\\1>")).toBe("<1$1> <22$22>b");
    expect(substitute("aaa", pythonRegex("a", "x"), "b", 2)).toBe("bba");
    expect(() => pythonRegex("(", "f.yaml: filter_list")).toThrow(/^f\.yaml: filter_list: the pattern "\(" is none/);
  });
});
