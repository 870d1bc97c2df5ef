// The page's style sheet: one column that fits a phone of 360 px, wide things scroll inside their own box, light and dark
// by the reader's setting. Text colors keep a contrast of 4.5:1 on their background in both.

const colors = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --text: #16181d; --soft: #5a6070; --line: #dfe2e8; --grid: #eceef2;
  --accent: #1d5fd1; --tint: #eaf1fd; --c1: #2166d6; --c2: #c2560c; --c3: #17703d; --c4: #6b4bb8; --c5: #b0277b; --c6: #0b7285;
  --c7: #866000; --c8: #5a6070; --c9: #8a4b2a; --c10: #3d5a1e; --good: #17703d; --bad: #b3261e; --code: #f1f3f6;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --page: #101216; --card: #181b21; --text: #eceef2; --soft: #a2a9b8; --line: #2c313b; --grid: #252a33;
    --accent: #86b3ff; --tint: #1c2a44; --c1: #6ca3ff; --c2: #f0924c; --c3: #63cf90; --c4: #b59bff; --c5: #f28ac4; --c6: #5cc8d8;
    --c7: #e0b84a; --c8: #a2a9b8; --c9: #d9a17a; --c10: #b3cf86; --good: #63cf90; --bad: #ff8a80; --code: #20242c;
  }
}
`;

/** Everything but the colors, for pages that choose them otherwise. */
export const componentStyle = `
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main, header, footer { max-width: 1040px; margin: 0 auto; padding: 0 16px; }
header { padding-top: 28px; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 0 0 4px; }
h3 { font-size: 1rem; margin: 0; }
p { margin: 0 0 8px; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 18px 16px; margin: 16px 0; }
.lead { font-size: 1.05rem; max-width: 62ch; }
.soft, .unit, .stderr, footer, caption, th { color: var(--soft); }
.soft, footer { font-size: .9rem; }
.note { color: var(--soft); font-size: .9rem; max-width: 76ch; }
code, pre { font: .86rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "Roboto Mono", monospace; }
.tiles { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 10px; margin: 16px 0; padding: 0; list-style: none; }
.tiles li { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 12px 14px; display: flex; flex-direction: column; min-width: 0; }
.tiles b { font-size: 1.55rem; line-height: 1.25; font-weight: 650; letter-spacing: -.01em; }
.tiles b small { font-size: .9rem; font-weight: 500; color: var(--soft); letter-spacing: 0; }
.tiles span { font-size: .85rem; line-height: 1.4; color: var(--soft); }
.charts { display: grid; gap: 26px; grid-template-columns: minmax(0, 1fr); margin-top: 14px; }
figure { margin: 0; min-width: 0; }
figcaption { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 2px 16px; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 2px 14px; margin: 0; padding: 0; font-size: .85rem; color: var(--soft); }
.key { display: inline-block; vertical-align: middle; width: 16px; border-top: 3px solid; margin-right: 6px; border-radius: 3px; }
.key.dots { width: 9px; height: 9px; border-radius: 50%; background: currentColor; border: 0; }
.c1 { color: var(--c1); } .c2 { color: var(--c2); } .c3 { color: var(--c3); } .c4 { color: var(--c4); } .c5 { color: var(--c5); }
.c6 { color: var(--c6); } .c7 { color: var(--c7); } .c8 { color: var(--c8); } .c9 { color: var(--c9); } .c10 { color: var(--c10); }
.key.dash1 { border-top-style: dashed; } .key.dash2, .key.dash3 { border-top-style: dotted; }
.unit { font-size: .78rem; margin: 6px 0 8px; } .unit.end { text-align: right; margin: 2px 0 0; }
.plot { position: relative; display: grid; grid-template-columns: 46px minmax(0, 1fr); grid-template-rows: 220px 20px; padding-right: 10px; }
.plot svg { grid-column: 2; grid-row: 1; width: 100%; height: 100%; overflow: visible; display: block; touch-action: pan-y; border-radius: 2px; }
.plot svg:focus-visible { outline: 2px solid var(--accent); outline-offset: 6px; }
.labels-y, .labels-x { position: relative; font-size: .75rem; color: var(--soft); font-variant-numeric: tabular-nums; }
.labels-x { grid-column: 2; grid-row: 2; } .labels-y { grid-row: 1; }
.labels-y span { position: absolute; right: 8px; transform: translateY(50%); white-space: nowrap; }
.labels-x span { position: absolute; top: 3px; transform: translateX(-50%); white-space: nowrap; }
.plot line, .plot path { vector-effect: non-scaling-stroke; fill: none; }
.grid line { stroke: var(--grid); } .grid .tick { stroke: var(--line); }
.series { stroke: currentColor; } .series .line { stroke-width: 2; stroke-linejoin: round; }
.series .dot { stroke-width: 7; stroke-linecap: round; } .line + .dot, .line ~ .dot { stroke-width: 6; }
.scatter .series .dot { stroke-opacity: .55; stroke-width: 9; } .scatter .series.c1 .line + .dot, .scatter .series.c1 .line ~ .dot { stroke-width: 6; }
.scatter .series .dot.marked { stroke: var(--c2); stroke-opacity: 1; stroke-width: 15; }
.line.dash1 { stroke-dasharray: 7 4; } .line.dash2 { stroke-dasharray: 2 3; } .line.dash3 { stroke-dasharray: 9 3 2 3; }
.plot .band { fill: currentColor; fill-opacity: .17; stroke: none; }
.key.hollow { border-radius: 1px; background: none; border: 2px solid; } .series.hollow .dot { stroke-linecap: square; } .series.hollow .dot.inside { stroke: var(--card); stroke-opacity: 1; }
.series .interval { stroke-width: 1; stroke-opacity: .45; } .diagonal { stroke: var(--soft); stroke-dasharray: 4 4; }
.tags { grid-column: 2; grid-row: 1; position: relative; pointer-events: none; font-size: .72rem; line-height: 1; color: var(--text); }
.tags span { position: absolute; white-space: nowrap; text-shadow: 0 0 3px var(--card), 0 0 3px var(--card), 0 0 3px var(--card); }
.tags .right-of { transform: translate(9px, 50%); } .tags .left-of { transform: translate(calc(-100% - 9px), 50%); }
.tags .above { transform: translate(-50%, -9px); } .tags .below { transform: translate(-50%, calc(100% + 9px)); }
.tags .roomy { display: none; } .tags [class*=" c"] { font-weight: 700; }
.cursor { stroke: var(--soft); stroke-dasharray: 3 3; pointer-events: none; }
.tooltip { position: absolute; top: 4px; left: 0; z-index: 1; display: grid; max-width: 240px; background: var(--card); color: var(--text); border: 1px solid var(--line);
  border-radius: 8px; padding: 6px 10px; font-size: .82rem; line-height: 1.4; pointer-events: none; box-shadow: 0 4px 16px #0003; }
.tooltip[hidden] { display: none; }
.scroll { position: relative; overflow-x: auto; margin: 10px -16px 0; padding: 0 16px; scrollbar-width: thin; }
.scroll:focus-visible { outline: 2px solid var(--accent); outline-offset: -2px; }
table { border-collapse: separate; border-spacing: 0; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-size: .85rem; padding-bottom: 6px; }
th, td { text-align: right; padding: 6px 10px; white-space: nowrap; }
thead th, tbody tr + tr > * { border: solid var(--line); border-width: 0 0 1px; } tbody tr + tr > * { border-width: 1px 0 0; }
thead th { font-size: .8rem; font-weight: 600; vertical-align: bottom; }
th:first-child, td:first-child, .left { text-align: left; }
th:first-child { position: sticky; left: -16px; padding-left: 0; background: var(--card); }
.hidden { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; } tbody th { font-weight: 400; color: var(--text); }
.sub { display: block; max-width: 22ch; white-space: normal; font-size: .8rem; line-height: 1.3; color: var(--soft); } .lead time { white-space: nowrap; }
tr.chosen > * { background: var(--tint); font-weight: 650; }
tr.chosen > th { box-shadow: -8px 0 0 var(--tint); }
.tag { color: var(--accent); font-size: .78rem; font-weight: 650; }
.meter { position: relative; display: inline-block; vertical-align: middle; width: 48px; height: 8px; border-radius: 4px; background: var(--grid); margin-right: 8px; }
.meter i { display: block; height: 100%; background: var(--c1); border-radius: 4px; }
.meter b { position: absolute; top: -2px; bottom: -2px; min-width: 2px; border: solid var(--text); border-width: 0 1.5px; background: linear-gradient(var(--text), var(--text)) center / 100% 1.5px no-repeat; }
.heat-legend { display: flex; align-items: center; gap: 8px; font-size: .82rem; color: var(--soft); margin: 8px 0 0; } .ramp { display: flex; }
.ramp i { width: 18px; height: 12px; } .heat table { width: auto; border-spacing: 2px; }
.heat td { text-align: center; padding: 8px 6px; min-width: 38px; border-radius: 4px; } .heat tbody tr + tr > *, .heat thead th { border: 0; } .heat th { padding: 4px 8px; text-align: center; }
.heat tbody th, .heat th:first-child { text-align: left; padding-left: 0; } .corner { display: block; width: 8ch; white-space: normal; font-weight: 400; }
.stacks .unit { display: flex; justify-content: space-between; margin: 10px 0 4px; }
.stack { display: flex; height: 28px; border-radius: 6px; overflow: hidden; background: var(--grid); }
.stack i { display: grid; place-items: center; min-width: 0; overflow: hidden; background: currentColor; box-shadow: inset -1px 0 var(--card); }
.stack span { color: var(--card); font: 600 .75rem/1 system-ui, sans-serif; } .key.square { width: 11px; height: 11px; border: 0; background: currentColor; border-radius: 3px; }
.gap { margin-top: 14px; }
.reasons { margin: 8px 0 0; padding-left: 20px; max-width: 76ch; } .reasons li { margin: 4px 0; }
.shape { white-space: normal; min-width: 8.5rem; } .prose { white-space: normal; min-width: 15rem; }
.queries { list-style: none; align-items: start; margin: 12px 0 0; padding: 0; display: grid; gap: 12px; grid-template-columns: minmax(0, 1fr); }
.queries > li { border: 1px solid var(--line); border-radius: 12px; padding: 12px 14px; min-width: 0; }
.queries blockquote { margin: 0 0 6px; font-weight: 600; overflow-wrap: anywhere; }
.queries code span { display: inline-block; max-width: 100%; }
.queries pre { margin: 6px 0 0; padding: 8px 10px; border-radius: 8px; background: var(--code); white-space: pre-wrap; overflow-wrap: anywhere; }
.queries .label { font-size: .78rem; color: var(--soft); margin: 8px 0 0; } .queries .label + pre { margin-top: 3px; }
.right { color: var(--good); } .wrong { color: var(--bad); }
dl { display: grid; grid-template-columns: minmax(0, 1fr); margin: 10px 0 0; font-size: .9rem; }
dt { color: var(--soft); margin-top: 6px; } dd { margin: 0; overflow-wrap: anywhere; }
details { margin-top: 10px; } summary { cursor: pointer; font-weight: 600; padding: 4px 0; }
details pre { overflow-x: auto; background: var(--code); padding: 12px; border-radius: 8px; margin: 8px 0 0; }
footer { padding-top: 4px; padding-bottom: 32px; }
@media (max-width: 759px) { table { font-size: .84rem; } th, td { padding: 6px 6px; } .meter { margin-right: 6px; } .value .meter { display: block; width: 84px; margin: 3px 0 2px; } }
@media (min-width: 760px) {
  .tiles { grid-template-columns: repeat(3, minmax(0, 1fr)); }
  .charts, .queries { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  section { padding: 22px 24px; } .scroll { margin: 10px -24px 0; padding: 0 24px; }
  h1 { font-size: 2.1rem; } header { padding-top: 44px; }
  dl { grid-template-columns: max-content minmax(0, 1fr); gap: 2px 20px; } dt { margin: 0; }
  .charts.thirds { grid-template-columns: repeat(3, minmax(0, 1fr)); } .thirds .plot { grid-template-rows: 170px 20px; }
  .charts .wide { grid-column: 1 / -1; } .wide .plot { grid-template-rows: 380px 20px; } .tags .roomy { display: inline; }
  .plot { grid-template-rows: 260px 20px; } .meter { width: 140px; } th:first-child { left: -24px; }
}
@media print {
  * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  body { background: #fff; font-size: 14px; } section, .tiles li, figure, tr { break-inside: avoid; } h2, h3 { break-after: avoid; }
  .scroll { overflow: visible; } th:first-child { position: static; } table { font-size: 12px; } th, td { padding: 3px 5px; } td .soft { font-size: inherit; }
}
`;

/** The inline style sheet. */
export const reportStyle = `${colors}${componentStyle}`;
