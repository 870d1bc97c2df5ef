// Needle in a haystack: a heat map over lengths and depths for each kind of hidden facts (figure 13 of the survey).
import { needleKinds } from "../../eval/haystack.ts";
import { formatPercent, formatTokens } from "../../format.ts";
import type { ResultRecord } from "../../results/record.ts";
import { heatLegend, heatMap } from "../heat-map.ts";
import { type Html, html } from "../html.ts";
import { section } from "../page.ts";

type Cells = NonNullable<ResultRecord["needle"]>;

const titles = {
  single: { title: "One fact", note: "a number that the text tells once" },
  multi: { title: "Several facts", note: "three numbers, all asked for, the others behind the first" },
  reasoning: { title: "Reasoning", note: "two facts that only together give the answer" },
} as const;

/** The maps; null where nothing was hidden. */
export function needleSection(cells: Cells | null): Html | null {
  if (cells === null || cells.length === 0) return null;
  const kinds = needleKinds.filter((kind) => cells.some((cell) => cell.kind === kind));
  const few = new Set(cells.map(({ length }) => length)).size <= 5;
  const texts = [...new Set(cells.map(({ n }) => n))].sort((a, b) => a - b).join(" to ");
  return section(
    "needle",
    "Facts in long texts",
    html`<p class="note">Facts are hidden in texts of everyday sentences and asked for: the per cent of them that is in the answers, by length
of the text in tokens and place of the (first) fact; ${texts} texts a cell. ${kinds.map((kind) => `${titles[kind].title}: ${titles[kind].note}`).join("; ")}.</p>
${heatLegend()}
<div class="charts${few && " thirds"}">${kinds.map((kind) => kindMap(kind, cells))}</div>`,
  );
}

/** The mean over all cells of a kind, and of the kinds: as the survey averages its three. */
export function needleMean(cells: Cells): number {
  const means = [...Map.groupBy(cells, ({ kind }) => kind).values()].map((own) => mean(own.map(({ score }) => score)));
  return mean(means);
}

function kindMap(kind: Cells[number]["kind"], all: Cells): Html {
  const own = all.filter((cell) => cell.kind === kind);
  const lengths = [...new Set(own.map(({ length }) => length))].sort((a, b) => a - b);
  const depths = [...new Set(own.map(({ depth }) => depth))].sort((a, b) => a - b);
  return heatMap({
    title: `${titles[kind].title}: ${formatPercent(mean(own.map(({ score }) => score)))}`,
    axes: { columns: "tokens", rows: "depth" },
    columns: lengths.map(formatTokens),
    rows: depths.map((depth) => ({
      name: `${Math.round(depth * 100)} %`,
      cells: lengths.map((length) => {
        const cell = own.find((one) => one.length === length && one.depth === depth);
        if (cell === undefined) return null;
        const title = `${formatPercent(cell.score)} of the facts at ${Math.round(depth * 100)} % of ${length} tokens, ${cell.n} texts`;
        return { share: cell.score, title };
      }),
    })),
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
