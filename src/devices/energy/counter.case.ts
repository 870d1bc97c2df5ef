// A tree of files as Linux shows its devices, and a process that makes a counter in it advance.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A folder in place of /sys. */
export interface Tree {
  root: string;
  /** Writes files below it, with a line break behind each as the kernel has it. */
  write(files: Record<string, string | number>): void;
  read(path: string): string;
  remove(): void;
}

/** Makes a tree of these files. */
export function makeTree(files: Record<string, string | number> = {}): Tree {
  const root = mkdtempSync(join(tmpdir(), "handheld-sys-"));
  const tree: Tree = {
    root,
    write(more) {
      for (const [path, value] of Object.entries(more)) {
        mkdirSync(dirname(join(root, path)), { recursive: true });
        writeFileSync(join(root, path), `${value}\n`);
      }
    },
    read: (path) => readFileSync(join(root, path), "utf8").trim(),
    remove: () => rmSync(root, { recursive: true }),
  };
  tree.write(files);
  return tree;
}

/** Files of a machine with one processor: package, cores within it, memory, and the second way to the package. */
export function powercapFiles(package0: number, range = 262143328850): Record<string, string | number> {
  const zone = (name: string, domain: string, microjoules: number) => ({
    [`class/powercap/${name}/name`]: domain,
    [`class/powercap/${name}/energy_uj`]: microjoules,
    [`class/powercap/${name}/max_energy_range_uj`]: range,
  });
  return {
    "class/powercap/intel-rapl/enabled": 1,
    ...zone("intel-rapl:0", "package-0", package0),
    ...zone("intel-rapl:0:0", "core", 7),
    ...zone("intel-rapl:0:1", "dram", 1000),
    ...zone("intel-rapl:1", "psys", 5),
    ...zone("intel-rapl-mmio:0", "package-0", package0),
  };
}

/**
 * Starts a process that adds `watts` to a counter of microjoules at `path`, every 5 ms by its own clock, from 0 again behind
 * `range`. Resolves when it has begun.
 */
export async function advance(path: string, watts: number, range = 262143328850): Promise<{ stop(): Promise<void> }> {
  // Renamed into place: a reader never finds half a file.
  const program = `
    const { readFileSync, writeFileSync, renameSync } = require("node:fs");
    const first = Number(readFileSync(${JSON.stringify(path)}, "utf8"));
    const began = performance.now();
    setInterval(() => {
      const value = (first + ${watts} * 1000 * (performance.now() - began)) % ${range};
      writeFileSync(${JSON.stringify(`${path}.new`)}, Math.floor(value) + "\\n");
      renameSync(${JSON.stringify(`${path}.new`)}, ${JSON.stringify(path)});
    }, 5);
    console.log("begun");
  `;
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await new Promise((resolve) => child.stdout.once("data", resolve));
  return {
    stop: () => {
      child.kill();
      return ended;
    },
  };
}
