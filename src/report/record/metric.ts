// How metrics of tasks are written: shares in per cent, others as they are, each with its standard error.

import type { Metric } from "../../eval/result.ts";
import { formatPercent, significant } from "../../format.ts";

/** A metric whose value is a share of 1: accuracies, exact matches, F1. */
export type Share = Metric & { value: number };

/** Whether a metric is a share of 1. A correlation (`mcc`) is not, though it may look like one. */
export function isShare(name: string, metric: Metric): metric is Share {
  const { value, higherIsBetter } = metric;
  return higherIsBetter && value !== null && value >= 0 && value <= 1 && !name.startsWith("mcc");
}

/** 62.1 % or 31.42; a dash where there is no number. */
export function metricText(name: string, metric: Metric): string {
  if (metric.value === null) return "–";
  return isShare(name, metric) ? formatPercent(metric.value) : significant(metric.value, 4);
}

/** ± 1.1, in the metric's own unit; nothing where it has no standard error. */
export function stderrText(name: string, metric: Metric): string {
  if (metric.stderr === null) return "";
  return `± ${isShare(name, metric) ? (100 * metric.stderr).toFixed(1) : significant(metric.stderr, 2)}`;
}
