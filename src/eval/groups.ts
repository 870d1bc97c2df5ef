// A group's result: the average of its tasks', as its file says.
import { createHash } from "node:crypto";
import type { Metric, TaskResult } from "./result.ts";
import { groupMean, groupStderr } from "./tasks/aggregate.ts";
import type { GroupDefinition } from "./tasks/catalogue.ts";

/**
 * The result of a group from its tasks' results at one number of shots (null: each task's own); none where the group asks
 * for no average. Tasks that could not be run are not in it, and not among its parts.
 */
export function groupResult(group: GroupDefinition, all: readonly TaskResult[], shots: number | null): TaskResult[] {
  const { aggregate_metric_list: given, metadata } = group.config;
  const wanted = given ?? [];
  const parts = all.filter((part) => !part.error && (shots === null || part.shots === shots));
  if (wanted.length === 0 || parts.length === 0) return [];
  const metrics: Record<string, Metric> = {};
  for (const { metric, weight_by_size, filter_list } of wanted) {
    const filters = filter_list ? [filter_list].flat() : null;
    const keys = new Set(parts.flatMap((part) => Object.keys(part.metrics)));
    for (const key of keys) {
      const [name, filter = "none"] = key.split(",");
      if (name === metric && (filters === null || filters.includes(filter)))
        metrics[key] = average(parts, key, weight_by_size);
    }
  }
  const hash = createHash("sha256")
    .update(parts.map((part) => part.hash).join())
    .digest("hex");
  return [
    {
      name: group.name,
      kind: "group",
      parts: parts.map(({ name }) => name),
      version: metadata?.version ?? 0,
      hash,
      shots: shots ?? Math.max(...parts.map((part) => part.shots)),
      n: parts.reduce((sum, { n }) => sum + n, 0),
      metrics,
      truncated: parts.reduce((sum, { truncated }) => sum + truncated, 0),
    },
  ];
}

function average(parts: readonly TaskResult[], key: string, bySize: boolean): Metric {
  const having = parts.filter(({ metrics }) => typeof metrics[key]?.value === "number");
  const sizes = bySize ? having.map(({ n }) => n) : null;
  const stderrs = having.map(({ metrics }) => metrics[key]!.stderr);
  const value =
    having.length === 0
      ? null
      : groupMean(
          having.map(({ metrics }) => metrics[key]!.value!),
          sizes,
        );
  const whole = stderrs.length > 0 && stderrs.every((stderr) => stderr !== null);
  const stderr = whole ? groupStderr(stderrs, sizes) : null;
  const { higherIsBetter } = parts.find(({ metrics }) => metrics[key])!.metrics[key]!;
  return { value, stderr: stderr !== null && Number.isFinite(stderr) ? stderr : null, higherIsBetter };
}
