// Where the task and suite files that come with the package are.
import { fileURLToPath } from "node:url";

/** Folder of the task files. */
export const shippedTasks = fileURLToPath(new URL("../../configs/tasks", import.meta.url));

/** Folder of the suites: lists of tasks with their shots. */
export const shippedSuites = fileURLToPath(new URL("../../configs/suites", import.meta.url));
