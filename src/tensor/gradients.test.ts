import { createReferenceBackend } from "../kernels/index.ts";
import { testGradients } from "./gradients.case.ts";

testGradients("reference", async () => createReferenceBackend());
