// The parts that pages are made of, as text: what stands on top, the board's frame, the sources.
import { type Html, html } from "../../report/html.ts";
import type { SiteData } from "../data.ts";
import { controls, hasCosts } from "./controls.ts";
import { countText, rowsAtOnce, tableBodies, tableHead } from "./table.ts";
import type { Shown, SortKey, View } from "./view.ts";

/** What a board shows before its script runs. */
export interface BoardFrame {
  page: "index" | "device" | "model";
  shown: readonly Shown[];
  without: readonly SortKey[];
}

/** Form, places of the charts (of a fixed height, so that nothing moves), table. */
export function boardFrame(site: SiteData, view: View, { page, shown, without }: BoardFrame): Html {
  const options = { without, most: rowsAtOnce };
  // A date says nothing about a single model, and a chart that could never have a point is left out.
  const [costs, trend] = [hasCosts(site), page !== "model"];
  return html`<section class="board" aria-labelledby="compare"><h2 id="compare">${page === "index" ? "Compare" : "Results"}</h2>
${controls(site, view, page)}
${(costs || trend) && html`<div class="charts${!(costs && trend) && " single"}">${costs && html`<div class="place" id="tradeoff-place"></div>`}${trend && html`<div class="place" id="trend-place"></div>`}</div>`}
<p id="count" role="status">${countText(shown, site)}</p>
<div class="scroll" id="results" role="region" aria-label="Table of results" tabindex="0"><table><caption class="hidden">Results; the buttons in the headings sort.</caption>
<thead><tr>${tableHead(view, options)}</tr></thead>
${tableBodies(shown, site, view, options)}</table></div>
<p class="more"><button type="button" id="more" hidden>Show more rows</button></p>
</section>`;
}

/** Where published figures are from. */
export function sourcesSection({ sources }: Pick<SiteData, "sources">): Html {
  return html`<section aria-labelledby="sources"><h2 id="sources">Published figures</h2>
<p class="note">Typed in from the papers, checked against the averages that they print. Others measured them, on other data,
engines and devices: they are shown for orientation, never averaged or ranked with what was measured here.</p>
<ul class="sources">${sources.map(({ name, url, note }) => html`<li><a href="${url}">${name}</a><span>${note}</span></li>`)}</ul></section>`;
}
