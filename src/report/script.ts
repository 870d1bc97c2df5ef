// The page's only script: tooltips of the charts for mouse, touch and arrow keys. Plain browser JavaScript as text; it
// writes with textContent only, so data cannot become markup.

/** Source of the inline script. */
export const reportScript = `
for (const figure of document.querySelectorAll("figure.chart")) {
  const [svg, plot, cursor, tooltip] = ["svg", ".plot", ".cursor", ".tooltip"].map((name) => figure.querySelector(name));
  const { scatter, stops } = JSON.parse(figure.querySelector(".stops").textContent);
  let index = -1;
  const line = (name, text, color) => {
    const element = document.createElement(name);
    element.textContent = text;
    if (color) element.className = "c" + color;
    return element;
  };
  const hide = () => {
    index = -1;
    tooltip.hidden = true;
    cursor.setAttribute("visibility", "hidden");
  };
  const show = (next) => {
    const stop = stops[(index = next)];
    if (!stop) return hide();
    const lines = stop.lines.map(({ text, color }) => line("span", text, color));
    tooltip.replaceChildren(line("strong", stop.label), ...lines);
    tooltip.hidden = false;
    cursor.setAttribute("x1", stop.at * 1000);
    cursor.setAttribute("x2", stop.at * 1000);
    cursor.setAttribute("visibility", "visible");
    const box = svg.getBoundingClientRect();
    const outer = plot.getBoundingClientRect();
    const left = box.left - outer.left + stop.at * box.width;
    const width = tooltip.offsetWidth;
    const place = left + 12 + width <= outer.width ? left + 12 : left - 12 - width;
    tooltip.style.left = Math.max(0, place) + "px";
  };
  const point = (event) => {
    const box = svg.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width;
    const y = 1 - (event.clientY - box.top) / box.height;
    const far = (stop) => Math.hypot(stop.at - x, scatter ? stop.height - y : 0);
    show(stops.reduce((best, stop, i) => (far(stop) < far(stops[best]) ? i : best), 0));
  };
  svg.addEventListener("pointermove", point);
  svg.addEventListener("pointerdown", point);
  svg.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && hide());
  svg.addEventListener("blur", hide);
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === "Escape") hide();
    if (!step) return;
    event.preventDefault();
    show(index < 0 ? (step > 0 ? 0 : stops.length - 1) : Math.min(stops.length - 1, Math.max(0, index + step)));
  });
}
`;
