// Plain-text tables for terminals and logs.

/** A column: its title, and whether its cells are numbers (right-aligned). */
export interface Column {
  title: string;
  numeric?: boolean;
}

/**
 * Lays out rows under a heading, columns two spaces apart, in display width 1 per character.
 *
 * @example
 * ```ts
 * formatTable([{ title: "model" }, { title: "tok/s", numeric: true }], [["tiny", "3,120"]]);
 * ```
 */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map((column, i) => Math.max(length(column.title), ...rows.map((row) => length(row[i] ?? ""))));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (columns[i]?.numeric ? pad(cell, widths[i]!) + cell : cell + pad(cell, widths[i]!)))
      .join("  ")
      .trimEnd();
  return [
    line(columns.map((column) => column.title)),
    line(widths.map((width) => "─".repeat(width))),
    ...rows.map(line),
  ]
    .map((text) => `  ${text}`)
    .join("\n");
}

function length(cell: string): number {
  return [...cell].length;
}

function pad(cell: string, width: number): string {
  return " ".repeat(Math.max(0, width - length(cell)));
}
