// Preloaded (`node --import`): imports of vitest get ./vitest.ts.
import { registerHooks } from "node:module";

const substitute = new URL("./vitest.ts", import.meta.url).href;

registerHooks({
  resolve: (specifier, context, next) => next(specifier === "vitest" ? substitute : specifier, context),
});
