// Format `code`: result1 = set_alarm(hour=8, minute=0), one call per line; valid Python, with True, False and None.

import { createFormat } from "./create.ts";
import { parseCodeCalls } from "./parse-code.ts";
import { PYTHON_LITERALS } from "./syntax.ts";

export const code = createFormat(
  {
    name: "code",
    begin: "",
    end: "",
    separator: "\n",
    prefix: (number) => `result${number} = `,
    open: (name) => `${name}(`,
    close: ")",
    comma: ", ",
    key: (name) => `${name}=`,
    colon: ": ",
    literals: PYTHON_LITERALS,
    referenceQuote: "",
  },
  parseCodeCalls,
);
