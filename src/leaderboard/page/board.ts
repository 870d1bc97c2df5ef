// The interactive part: the form, the two charts and the table, which always show the same rows. On the page of one device
// or model the others are left out from the start.
import type { SiteData } from "../data.ts";
import { tradeoffChart, trendChart } from "./charts.ts";
import { showChart } from "./figures.ts";
import { countText, rowsAtOnce, tableBodies, tableHead } from "./table.ts";
import {
  defaultView,
  type Line,
  linesOf,
  readView,
  type Shown,
  type SortKey,
  select,
  type View,
  writeView,
} from "./view.ts";

/** What a board is about. */
export interface BoardOptions {
  lines?: readonly Line[];
  without?: readonly SortKey[];
}

// Where many rows have one value, the larger or later is the more interesting; names begin with A.
const upwardsFirst: readonly SortKey[] = ["model", "device", "weights", "firstTokenMs", "memoryBytes"];

const chartPauseMs = 60;

/** Brings a board in `root` to life and draws it. */
export function startBoard(root: ParentNode, site: SiteData, options: BoardOptions = {}): void {
  const { lines = linesOf(site), without = [] } = options;
  const usual = defaultView(site);
  let view = readView(location.hash.slice(1), usual, site);
  let most = rowsAtOnce;
  const find = <E extends Element>(selector: string) => root.querySelector<E>(selector)!;
  const [form, table, count] = [find<HTMLFormElement>("#controls"), find("#results table"), find("#count")];
  const more = find<HTMLButtonElement>("#more");
  const [tradeoff, trend] = [root.querySelector("#tradeoff-place"), root.querySelector("#trend-place")];

  const draw = () => {
    const shown = select(lines, view);
    table.querySelector("thead tr")!.innerHTML = tableHead(view, { without, most })
      .map(({ text }) => text)
      .join("");
    for (const body of table.querySelectorAll("tbody")) body.remove();
    table.insertAdjacentHTML(
      "beforeend",
      tableBodies(shown, site, view, { without, most })
        .map(({ text }) => text)
        .join(""),
    );
    const text =
      shown.length === 0
        ? "No row passes; leave out a filter."
        : countText(shown, { ...site, rows: lines.map(({ row }) => row) });
    if (count.textContent !== text) count.textContent = text;
    const kinds = Map.groupBy(shown, ({ row }) => row.kind);
    more.hidden = ![...kinds.values()].some((own) => own.length > most);
    return shown;
  };
  const drawCharts = (shown: readonly Shown[]) => {
    if (tradeoff !== null)
      showChart(tradeoff, tradeoffChart(shown, site, view), "No row here has both a score and this cost.");
    if (trend !== null)
      showChart(trend, trendChart(shown, site, view), "No row here has both a score and a release date.");
  };
  // The table answers every letter; the charts follow when typing pauses.
  let timer: ReturnType<typeof setTimeout> | undefined;
  const redraw = () => {
    const shown = draw();
    clearTimeout(timer);
    timer = setTimeout(() => {
      drawCharts(shown);
      keep(view, usual, site);
    }, chartPauseMs);
  };

  const change = (part: Partial<View>) => {
    view = { ...view, ...part };
    most = rowsAtOnce;
    redraw();
  };
  form.addEventListener("input", () => change(readForm(form, view, site)));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    fillForm(form, usual);
    change(usual);
  });
  table.addEventListener("click", (event) => {
    const key = (event.target as Element).closest<HTMLElement>("[data-sort]")?.dataset.sort as SortKey | undefined;
    if (key === undefined) return;
    change({ sort: key, descending: view.sort === key ? !view.descending : !upwardsFirst.includes(key) });
    table.querySelector<HTMLElement>(`[data-sort="${key}"]`)!.focus();
  });
  more.addEventListener("click", () => {
    most += rowsAtOnce;
    draw();
  });
  addEventListener("hashchange", () => {
    view = readView(location.hash.slice(1), usual, site);
    fillForm(form, view);
    redraw();
  });
  fillForm(form, view);
  drawCharts(draw());
}

/** What the form says. A new capability is ordered from its best. */
function readForm(form: HTMLFormElement, view: View, { measures }: SiteData): Partial<View> {
  const value = (id: string) => form.querySelector<HTMLInputElement>(`#${id}`)?.value;
  const checked = (id: string) => form.querySelector<HTMLInputElement>(`#${id}`)?.checked ?? false;
  const number = (id: string, fallback: number) => Number(value(id) || fallback);
  const measure = number("measure", view.measure);
  const best = { sort: "score", descending: measures[measure]?.higherIsBetter ?? true } as const;
  return {
    search: value("search") ?? view.search,
    kind: (value("kind") as View["kind"]) ?? view.kind,
    axis: (value("axis") as View["axis"]) ?? view.axis,
    weights: value("weights") ?? view.weights,
    ...{ device: number("device", view.device), most: number("most", 0), prompt: number("prompt", view.prompt) },
    ...{ whole: checked("whole"), newest: checked("newest"), measure },
    ...(measure === view.measure ? {} : best),
  };
}

function fillForm(form: HTMLFormElement, view: View): void {
  for (const field of form.querySelectorAll<HTMLInputElement>("input, select")) {
    const value = view[field.id as keyof View];
    if (field.type === "checkbox") field.checked = value === true;
    else field.value = String(value);
  }
}

// The address keeps the choice, so that it can be sent to somebody; without a new entry in the history. Only when typing
// pauses: browsers refuse it many times a second.
function keep(view: View, usual: View, site: SiteData): void {
  const words = writeView(view, usual, site);
  const address = words === "" ? location.pathname + location.search : `#${words}`;
  if (words !== location.hash.slice(1)) history.replaceState(null, "", address);
}
