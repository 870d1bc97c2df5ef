// Format `json`: [{"name": "set_alarm", "arguments": {"hour": 8, "minute": 0}}], what function-calling chat models write.

import { createFormat } from "./create.ts";
import { parseJsonCalls } from "./parse-json.ts";
import { JSON_LITERALS } from "./syntax.ts";

export const json = createFormat(
  {
    name: "json",
    begin: "[",
    end: "]",
    separator: ", ",
    prefix: () => "",
    open: (name) => `{"name": ${JSON.stringify(name)}, "arguments": {`,
    close: "}}",
    comma: ", ",
    key: (name) => `${JSON.stringify(name)}: `,
    colon: ": ",
    literals: JSON_LITERALS,
    referenceQuote: '"',
  },
  parseJsonCalls,
);
