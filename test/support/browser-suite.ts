// As much of vitest as the kernel contracts use, for a worker in a browser: the contract's own test file is bundled with
// this in vitest's place. `run` runs what was declared and tells how each test went.

/** How a test went. `error` is null when it passed; a skipped one gives the reason. */
export interface TestResult {
  title: string;
  error: string | null;
  skipped: string | null;
}

type Hook = () => unknown;
interface Context {
  skip(reason: string): never;
}
interface Group {
  title: string;
  before: Hook[];
  after: Hook[];
  each: Hook[];
  children: (Group | { title: string; body: (context: Context) => unknown })[];
}

class Skip extends Error {}

const newGroup = (title: string): Group => ({ title, before: [], after: [], each: [], children: [] });
const top = newGroup("");
let current = top;

export function describe(title: string, declare: () => void): void {
  const outer = current;
  current = newGroup(title);
  outer.children.push(current);
  declare();
  current = outer;
}
export const it = (title: string, body: (context: Context) => unknown) => void current.children.push({ title, body });
export const beforeAll = (hook: Hook) => void current.before.push(hook);
export const afterAll = (hook: Hook) => void current.after.push(hook);
export const afterEach = (hook: Hook) => void current.each.push(hook);

export function expect(actual: unknown, label = "") {
  const matchers = (negated: boolean) => {
    const check = (holds: boolean, wanted: string) => {
      if (holds === negated) throw new Error(`${label}: ${show(actual)} should ${negated ? "not " : ""}${wanted}`);
    };
    return {
      toBe: (wanted: unknown) => check(Object.is(actual, wanted), `be ${show(wanted)}`),
      toEqual: (wanted: unknown) => check(equal(actual, wanted), `equal ${show(wanted)}`),
      toBeLessThan: (limit: number) => check((actual as number) < limit, `be less than ${limit}`),
      toBeGreaterThan: (limit: number) => check((actual as number) > limit, `be more than ${limit}`),
    };
  };
  return { ...matchers(false), not: matchers(true) };
}

/** Runs all tests, one after the other. */
export async function run(): Promise<TestResult[]> {
  const results: TestResult[] = [];
  await runGroup(top, [], [], results);
  return results;
}

async function runGroup(group: Group, path: string[], each: Hook[], results: TestResult[]): Promise<void> {
  const hooks = [...each, ...group.each];
  for (const hook of group.before) await hook();
  for (const child of group.children) {
    const titles = [...path, child.title];
    if ("children" in child) await runGroup(child, titles, hooks, results);
    else results.push({ title: titles.join(" > "), ...(await runTest(child.body, hooks)) });
  }
  for (const hook of group.after) await hook();
}

async function runTest(body: (context: Context) => unknown, hooks: Hook[]): Promise<Omit<TestResult, "title">> {
  const skip = (reason: string): never => {
    throw new Skip(reason);
  };
  try {
    await body({ skip });
    for (const hook of hooks) await hook();
    return { error: null, skipped: null };
  } catch (error) {
    const { message } = error as Error;
    return error instanceof Skip ? { error: null, skipped: message } : { error: message, skipped: null };
  }
}

function equal(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return Object.is(a, b);
  const [keys, others] = [Object.keys(a), Object.keys(b)];
  const at = (value: object, key: string) => (value as Record<string, unknown>)[key];
  return keys.length === others.length && keys.every((key) => equal(at(a, key), at(b, key)));
}

function show(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value).slice(0, 200) : String(value);
}
