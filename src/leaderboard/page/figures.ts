// Charts in the page: draws them, and tells their values under a mouse, a finger and arrow keys. Enter or a click on a point
// opens what it stands for.
import { type ChartOptions, drawChart, type TooltipStop, tooltipStops } from "../../report/chart.ts";

/** Puts a chart into its place, or a sentence where there is nothing to draw. */
export function showChart(place: Element, options: ChartOptions | null, otherwise: string): void {
  if (options === null) {
    const text = document.createElement("p");
    text.className = "empty";
    text.textContent = otherwise;
    place.replaceChildren(text);
    return;
  }
  place.innerHTML = drawChart(options).text;
  // Only a reader who points at the chart needs the texts of all points.
  let stops: TooltipStop[] | undefined;
  listen(place.querySelector("figure")!, options.scatter === true, () => (stops ??= tooltipStops(options)));
}

/** Makes the charts alive that came as text, with their values beside them. */
export function enliven(root: Element): void {
  for (const figure of root.querySelectorAll("figure.chart")) {
    const { scatter, stops } = JSON.parse(figure.querySelector(".stops")!.textContent!) as {
      scatter: boolean;
      stops: TooltipStop[];
    };
    listen(figure, scatter, () => stops);
  }
}

function listen(figure: Element, scatter: boolean, stops: () => readonly TooltipStop[]): void {
  const svg = figure.querySelector("svg")!;
  const plot = figure.querySelector(".plot")!;
  const cursor = figure.querySelector(".cursor")!;
  const tooltip = figure.querySelector<HTMLElement>(".tooltip")!;
  let index = -1;
  const hide = () => {
    index = -1;
    tooltip.hidden = true;
    cursor.setAttribute("visibility", "hidden");
  };
  const show = (next: number) => {
    const stop = stops()[next];
    if (stop === undefined) return hide();
    index = next;
    tooltip.replaceChildren(
      line("strong", stop.label, 0),
      ...stop.lines.map(({ text, color }) => line("span", text, color)),
    );
    tooltip.hidden = false;
    for (const end of ["x1", "x2"]) cursor.setAttribute(end, String(stop.at * 1000));
    cursor.setAttribute("visibility", "visible");
    const [box, outer] = [svg.getBoundingClientRect(), plot.getBoundingClientRect()];
    const left = box.left - outer.left + stop.at * box.width;
    const beside = left + 14 + tooltip.offsetWidth <= outer.width ? left + 14 : left - 14 - tooltip.offsetWidth;
    tooltip.style.left = `${Math.max(0, beside)}px`;
    // Below a point that is high up, so that it stays in sight.
    tooltip.style.top = scatter && stop.height > 0.5 ? `${(1 - stop.height) * box.height + 16}px` : "4px";
  };
  const nearest = (event: PointerEvent) => {
    const box = svg.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const far = ({ at, height }: TooltipStop) =>
      Math.hypot(at * box.width - x, scatter ? (1 - height) * box.height - y : 0);
    const all = stops();
    show(all.reduce((best, stop, i) => (far(stop) < far(all[best]!) ? i : best), 0));
  };
  const open = () => {
    const href = stops()[index]?.href;
    if (href !== undefined) location.href = href;
  };
  svg.addEventListener("pointermove", nearest);
  svg.addEventListener("pointerdown", nearest);
  svg.addEventListener("click", (event) => (event as PointerEvent).pointerType === "mouse" && open());
  svg.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && hide());
  svg.addEventListener("blur", hide);
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Escape") hide();
    if (event.key === "Enter") open();
    if (step === undefined) return;
    event.preventDefault();
    const last = stops().length - 1;
    show(index < 0 ? (step > 0 ? 0 : last) : Math.min(last, Math.max(0, index + step)));
  });
}

// Texts of records are text, never markup.
function line(name: string, text: string, color: number): HTMLElement {
  const element = document.createElement(name);
  element.textContent = text;
  if (color > 0) element.className = `c${color}`;
  return element;
}
