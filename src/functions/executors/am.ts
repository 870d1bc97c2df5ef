// Intents as arguments of Android's `am start` (frameworks/base, Intent.parseCommandArgs).

import type { Extra, Intent } from "./intents/index.ts";

/** `am start …` as an argument vector. */
export function amStart(intent: Intent): string[] {
  const argv = ["am", "start", "-a", intent.action];
  if (intent.data !== undefined) argv.push("-d", intent.data);
  if (intent.mimeType !== undefined) argv.push("-t", intent.mimeType);
  for (const extra of intent.extras) argv.push(...extraArguments(extra));
  return argv;
}

function extraArguments(extra: Extra): string[] {
  const { key, value } = extra;
  switch (extra.type) {
    case "string":
      return ["--es", key, extra.value];
    case "uri":
      return ["--eu", key, extra.value];
    case "integer":
      return ["--ei", key, String(value)];
    case "long":
      return ["--el", key, String(value)];
    case "boolean":
      return ["--ez", key, String(value)];
    case "strings":
      return ["--esa", key, extra.value.join(",")];
    case "integerList":
      return ["--eial", key, extra.value.join(",")];
  }
}
