// RACE (Lai et al. 2017), an article's last question after the others with their answers.
import { HandheldError } from "../../../errors.ts";
import { parsePythonLiteral } from "../python-literal.ts";
import type { Row } from "../template.ts";
import { textOf } from "./columns.ts";

interface Problem {
  question: string;
  answer: string;
  options: string[];
}

/** The article, its earlier questions with answers, and the last question. */
export function raceText(row: Row): string {
  const problems = problemsOf(row);
  const solved = problems.slice(0, -1).map(({ question, answer, options }) => {
    const right = options["ABCD".indexOf(answer)]!;
    // A statement that lacks its end is completed.
    if (question.endsWith("  _  .")) return `${question.slice(0, -5)}${right}\n`;
    return `Question: ${question}\nAnswer: ${right}\n`;
  });
  return `Article: ${textOf(row, "article")}\n\n${solved.join("")}${problems.at(-1)!.question}`;
}

/** The index of the last question's right option. */
export function raceTarget(row: Row): number {
  return "ABCD".indexOf(problemsOf(row).at(-1)!.answer);
}

/** The last question's options. */
export function raceChoices(row: Row): string[] {
  return problemsOf(row).at(-1)!.options.slice(0, 4);
}

function problemsOf(row: Row): Problem[] {
  const { problems: given } = row;
  const problems = typeof given === "string" ? parsePythonLiteral(given) : given;
  const isProblem = (item: unknown): item is Problem => {
    const { question, answer, options } = (item ?? {}) as Partial<Problem>;
    return (
      typeof question === "string" && /^[ABCD]$/.test(answer ?? "") && Array.isArray(options) && options.length >= 4
    );
  };
  if (Array.isArray(problems) && problems.length > 0 && problems.every(isProblem)) return problems;
  throw new HandheldError("invalid-data", "column problems is no list of questions with an answer and four options");
}
