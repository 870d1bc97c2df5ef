// The page of a model: what it is, all its results, its formats side by side, and everything about one run at a time.
import { formatCount, formatRate, formatTokens } from "../../format.ts";
import { type Html, html } from "../../report/html.ts";
import { section, table } from "../../report/page.ts";
import { breakdownSection, sustainedSection } from "../../report/record/breakdown.ts";
import { callsSection } from "../../report/record/calls.ts";
import { costSection } from "../../report/record/cost.ts";
import { needleSection } from "../../report/record/needle.ts";
import { shotsSection } from "../../report/record/shots.ts";
import { tasksSection } from "../../report/record/tasks.ts";
import type { SiteData, SiteModel } from "../data.ts";
import { type Details, type Run, runResults } from "../details.ts";
import { startBoard } from "./board.ts";
import { enliven } from "./figures.ts";
import { boardFrame } from "./frame.ts";
import { errorText, scoreText } from "./table.ts";
import { defaultView, type Line, linesOf, select } from "./view.ts";

const without = ["model", "parameters", "released"] as const;

/** Draws the page of a model into `main`. */
export function showModel(main: Element, site: SiteData, details: Details, model: SiteModel): void {
  const lines = linesOf(site).filter((line) => line.model === model);
  // What is usual for the site may be something that this model was never asked.
  const own = { ...site, rows: lines.map(({ row }) => row) };
  const view = defaultView(own);
  const runs = details.runs.map((run, at) => ({ run, at })).filter(({ run }) => site.models[run.model] === model);
  main.innerHTML = html`${header(model, lines)}
${boardFrame(own, view, { page: "model", shown: select(lines, view), without })}
${formatsSection(lines, site)}
${runs.length > 0 && runFrame(runs, site)}`.text;
  startBoard(main, own, { lines, without });
  if (runs.length > 0) startRuns(main, details);
}

function header(
  { name, organisation, parameters, released, shape, attention, context }: SiteModel,
  lines: readonly Line[],
): Html {
  const facts: [string, string | null][] = [
    ["by", organisation],
    ["parameters", parameters === null ? null : `${formatCount(parameters)} (${formatRate(parameters)})`],
    ["released", released],
    ["architecture", shape],
    ["attention", attention],
    ["context", context === null ? null : `${formatTokens(context)} tokens`],
  ];
  const runs = new Set(lines.flatMap(({ row }) => row.run ?? [])).size;
  const printed = lines.filter(({ row }) => row.kind === "published").length;
  return html`<header class="title"><h1>${name}</h1>
<p class="lead">${runs} ${runs === 1 ? "run" : "runs"} measured here${printed > 0 && `, ${printed} ${printed === 1 ? "row" : "rows"} in papers`}.</p>
<dl class="facts">${facts.map(([term, value]) => value !== null && html`<div><dt>${term}</dt><dd>${value}</dd></div>`)}</dl></header>`;
}

/** Scores by number format, of the newest run in each: what quantisation costs. Null for a single format. */
function formatsSection(lines: readonly Line[], { measures }: SiteData): Html | null {
  const scored = lines.filter(({ row }) => row.kind === "measured" && row.scores.size > 0);
  const newest = new Map(scored.toReversed().map((line) => [line.row.weights ?? "–", line.row]));
  if (newest.size < 2) return null;
  const formats = [...newest].sort(([a], [b]) => a.localeCompare(b));
  const heads = ["Capability", ...newest.keys()].map((name) => html`<th scope="col">${name}</th>`);
  const rows = measures.flatMap((measure, at) => {
    if (!formats.some(([, { scores }]) => scores.has(at))) return [];
    const cells = formats.map(([, { scores }]) => {
      const score = scores.get(at);
      return html`<td>${score === undefined ? "–" : html`${scoreText(score, measure)} <span class="soft">${errorText(score, measure)}</span>`}</td>`;
    });
    return [html`<tr><th scope="row">${measure.name}</th>${cells}</tr>`];
  });
  const ordered = [heads[0]!, ...formats.map(([name]) => html`<th scope="col">${name}</th>`)];
  return section(
    "formats",
    "By number format",
    html`<p class="note">Of the newest run in each format.</p>${table("Capability by number format", ordered, rows)}`,
  );
}

function runFrame(runs: readonly { run: Run; at: number }[], site: SiteData): Html {
  const options = runs.map(({ run, at }) => html`<option value="${at}">${runText(run, site)}</option>`);
  return html`<section class="run-choice" aria-labelledby="one-run"><h2 id="one-run">One run in full</h2>
<p class="field"><label for="run">Run</label><select id="run">${options}</select></p><div id="run-facts"></div></section>
<div id="run-sections"></div>`;
}

function runText({ createdAt, device, weights, suite, limit }: Run, { devices }: SiteData): string {
  const of = limit === null ? [] : [`first ${limit} questions`];
  return [createdAt.slice(0, 10), devices[device]!.name, weights, suite, ...of].filter(Boolean).join(" · ");
}

function startRuns(main: Element, details: Details): void {
  const choice = main.querySelector<HTMLSelectElement>("#run")!;
  const [facts, sections] = [main.querySelector("#run-facts")!, main.querySelector("#run-sections")!];
  const draw = () => {
    const at = Number(choice.value);
    const run = details.runs[at]!;
    facts.innerHTML = runFacts(run).text;
    sections.innerHTML = runSections(details, at, run.limit)
      .map(({ text }) => text)
      .join("");
    enliven(sections);
  };
  choice.addEventListener("change", draw);
  draw();
}

function runFacts({ id, createdAt, tool, hash, suite, weights, kv, context, limit }: Run): Html {
  const facts: [string, string | null][] = [
    ["record", id],
    ["measured", `${createdAt.replace("T", " ")} UTC`],
    ["handheld", tool],
    ["model’s hash", hash === null ? "none: random weights" : `${hash}…`],
    ["suite", suite],
    ["weights", weights],
    ["KV cache", kv],
    ["context", context === null ? null : `${formatRate(context)} tokens`],
    ["questions", limit === null ? null : `the first ${limit} of each task`],
  ];
  return html`<dl class="facts">${facts.map(([term, value]) => value !== null && html`<div><dt>${term}</dt><dd>${value}</dd></div>`)}</dl>`;
}

function runSections(details: Details, at: number, limit: number | null): Html[] {
  const { tasks, calls, needle, cost, notes } = runResults(details, at);
  const all = [
    ...[tasksSection(tasks, limit), shotsSection(tasks), callsSection(calls), needleSection(needle)],
    ...[costSection(cost), breakdownSection(cost), sustainedSection(cost?.sustained ?? null)],
    notesSection([...notes, ...(cost?.notes ?? [])]),
  ];
  return all.filter((one) => one !== null);
}

function notesSection(notes: readonly string[]): Html | null {
  if (notes.length === 0) return null;
  return section("notes", "Notes", html`<ul class="reasons">${notes.map((note) => html`<li>${note}</li>`)}</ul>`);
}
