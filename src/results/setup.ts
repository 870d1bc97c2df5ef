// What differs between two runs besides their numbers: a reader has to know it before believing a difference.
import type { ResultRecord } from "./record.ts";

/** In words, one line each; empty where both were run alike. */
export function setupDifferences(a: ResultRecord, b: ResultRecord): string[] {
  const lines: string[] = [];
  const differ = (what: string, left: unknown, right: unknown) => {
    const [x, y] = [left, right].map((value) => (typeof value === "string" ? value : JSON.stringify(value ?? null)));
    if (x !== y) lines.push(`${what}: ${x} and ${y}`);
  };
  const sameModel = a.model.hash !== null && a.model.hash === b.model.hash;
  if (!sameModel) differ("model", a.model.name, b.model.name);
  if (!sameModel && a.model.name === b.model.name) lines.push("the model's files are not the same");
  differ("device", deviceOf(a), deviceOf(b));
  differ("engine", runtimeOf(a), runtimeOf(b));
  differ("commit", a.tool.commit ?? a.tool.version, b.tool.commit ?? b.tool.version);
  if (a.config && b.config) {
    for (const key of Object.keys(a.config) as (keyof typeof a.config)[]) differ(key, a.config[key], b.config[key]);
  }
  for (const task of a.tasks) {
    const other = b.tasks.find(({ name, shots }) => name === task.name && shots === task.shots);
    if (other === undefined || task.error || other.error) continue;
    if (task.version !== other.version) differ(`version of ${task.name}`, task.version, other.version);
    else if (task.hash !== other.hash) lines.push(`${task.name} asked other questions, so that nothing can be paired`);
  }
  return lines;
}

function deviceOf({ device }: ResultRecord): string {
  return `${device.name} (${device.cpuModel ?? device.arch}, ${device.cores} cores)`;
}

function runtimeOf({ device }: ResultRecord): string {
  return `${device.runtime.name} ${device.runtime.version}`;
}
