// Lists of equal objects as columns, which is what makes thousands of rows a small file: names of fields once, repeated
// values once. Read by the page too.

/** What a field may hold. */
export type Scalar = string | number | null;

/** Values as they are; value and count by turns; or distinct texts and which of them. */
type Column = Scalar[] | { runs: Scalar[] } | { texts: string[]; at: Column };

/** A list of objects, by fields. */
export interface Table {
  length: number;
  columns: Record<string, Column>;
}

/** Packs objects that have the same fields. */
export function packTable<T extends { [K in keyof T]: Scalar }>(rows: readonly T[]): Table {
  const fields = Object.keys(rows[0] ?? {}) as (keyof T & string)[];
  const columns = fields.map((field) => [field, packColumn(rows.map((row) => row[field]))] as const);
  return { length: rows.length, columns: Object.fromEntries(columns) };
}

/** The objects that were packed. */
export function unpackTable<T>({ length, columns }: Table): T[] {
  const fields = Object.entries(columns).map(([field, column]) => [field, unpackColumn(column)] as const);
  return Array.from(
    { length },
    (_, i) => Object.fromEntries(fields.map(([field, values]) => [field, values[i] ?? null])) as T,
  );
}

function packColumn(values: readonly Scalar[]): Column {
  const runs = runsOf(values);
  const forms: Column[] = [[...values], { runs }];
  if (values.length > 0 && values.every((value) => typeof value === "string")) {
    const texts = [...new Set(values)];
    const index = new Map(texts.map((text, i) => [text, i]));
    forms.push({ texts, at: packColumn(values.map((text) => index.get(text)!)) });
  }
  const sizes = forms.map((form) => JSON.stringify(form).length);
  return forms[sizes.indexOf(Math.min(...sizes))]!;
}

function runsOf(values: readonly Scalar[]): Scalar[] {
  const runs: [Scalar, number][] = [];
  for (const value of values) {
    const last = runs.at(-1);
    if (last !== undefined && last[0] === value) last[1]++;
    else runs.push([value, 1]);
  }
  return runs.flat();
}

function unpackColumn(column: Column): Scalar[] {
  if (Array.isArray(column)) return column;
  if ("texts" in column) return unpackColumn(column.at).map((at) => column.texts[at as number]!);
  const values: Scalar[] = [];
  for (let i = 0; i < column.runs.length; i += 2) {
    for (let count = column.runs[i + 1] as number; count > 0; count--) values.push(column.runs[i]!);
  }
  return values;
}
