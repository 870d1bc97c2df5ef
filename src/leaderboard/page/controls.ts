// What a reader can choose, as a form: filters, and what to compare. Used when the site is built, and by the page.
import { formatCount } from "../../format.ts";
import { type Html, html } from "../../report/html.ts";
import type { Measure, SiteData } from "../data.ts";
import { axisNames } from "./charts.ts";
import { promptsOf, type View, weightsOf } from "./view.ts";

/** The form. A page of one device or model has no field for it. */
export function controls(site: SiteData, view: View, page: "index" | "device" | "model"): Html {
  const { rows, devices } = site;
  const kinds: [string, string][] = [
    ["both", "measured and published"],
    ["measured", "only measured"],
    ["published", "only published"],
  ];
  const onDevices = devices.flatMap(({ transport, name }, i): [string, string][] =>
    transport === null ? [] : [[String(i), name]],
  );
  const kindsHere = new Set(rows.map(({ kind }) => kind));
  const [formats, prompts] = [weightsOf(rows), promptsOf(rows)];
  const fields = [
    page !== "model" &&
      field(
        "search",
        "Search",
        html`<input id="search" type="search" value="${view.search}" autocomplete="off" spellcheck="false" placeholder="model, device, format">`,
      ),
    kindsHere.size > 1 && field("kind", "Show", menu("kind", kinds, view.kind)),
    page === "index" &&
      onDevices.length > 1 &&
      field("device", "Device", menu("device", [["-1", "all devices"], ...onDevices], String(view.device))),
    formats.length > 1 &&
      field("weights", "Weights", menu("weights", [["", "all formats"], ...same(formats)], view.weights)),
    page !== "model" && field("most", "Size", menu("most", sizesOf(site), String(view.most))),
    field("measure", "Capability", measureMenu(site, view.measure), "wide"),
    hasCosts(site) && field("axis", "Against", menu("axis", axisNames, view.axis)),
    prompts.length > 1 &&
      field(
        "prompt",
        "Prompt",
        menu(
          "prompt",
          prompts.map((prompt) => [String(prompt), `${prompt} tokens`]),
          String(view.prompt),
        ),
      ),
  ];
  return html`<form class="controls" id="controls" aria-label="Filter and compare" autocomplete="off">
<div class="fields">${fields}</div>
<p class="checks">${rows.some(({ limit }) => limit !== null) && check("whole", "only runs over all questions", view.whole)}${kindsHere.has("measured") && check("newest", "only the newest run of each model, device and format", view.newest)}<button type="reset" id="reset">Reset</button></p>
</form>`;
}

function field(id: string, name: string, control: Html, kind = ""): Html {
  return html`<p class="field ${kind}"><label for="${id}">${name}</label>${control}</p>`;
}

function check(id: string, name: string, checked: boolean): Html {
  return html`<label><input type="checkbox" id="${id}"${checked && " checked"}> ${name}</label>`;
}

function menu(id: string, options: readonly (readonly [string, string])[], chosen: string): Html {
  return html`<select id="${id}">${options.map((one) => option(one, chosen))}</select>`;
}

function option([value, name]: readonly [string, string], chosen: string): Html {
  return html`<option value="${value}"${value === chosen && " selected"}>${name}</option>`;
}

/** Whether any row could be drawn against a cost. */
export function hasCosts({ rows }: SiteData): boolean {
  return rows.some(({ scores, costs }) => scores.size > 0 && costs.length > 0);
}

// Only what a row has been asked: the page of a model has the measures of the whole site.
function measureMenu({ measures, rows }: SiteData, chosen: number): Html {
  const asked = new Set(rows.flatMap(({ scores }) => [...scores.keys()]));
  const groups = ["Averages", "Tasks", "Function calls", "Long texts"] as const;
  const own = (group: Measure["group"]) =>
    measures
      .map(({ name, group }, i) => ({ name, group, value: String(i) }))
      .filter((measure) => measure.group === group && asked.has(Number(measure.value)))
      .sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
  return html`<select id="measure">${groups.map((group) => {
    const list = own(group);
    return (
      list.length > 0 &&
      html`<optgroup label="${group}">${list.map(({ value, name }) => option([value, name], String(chosen)))}</optgroup>`
    );
  })}</select>`;
}

function sizesOf({ models }: SiteData): [string, string][] {
  const largest = Math.max(0, ...models.map(({ parameters }) => parameters ?? 0));
  const sizes = [2e8, 5e8, 1e9, 2e9, 4e9].filter((size) => size < largest);
  return [["0", "any size"], ...sizes.map((size): [string, string] => [String(size), `up to ${formatCount(size)}`])];
}

function same(values: readonly string[]): [string, string][] {
  return values.map((value) => [value, value]);
}
