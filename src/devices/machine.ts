// What the platform tells about itself, in Node and in browsers. Nothing is measured.

/** The machine's and the engine's names and sizes; fields as in DeviceProfile. */
export interface MachineFacts {
  platform: string;
  arch: string;
  cpuModel: string | null;
  cores: number;
  memoryBytes: number | null;
  runtime: { name: string; version: string };
}

/** Asks Node's `os` where there is one, else the browser's `navigator`. */
export async function machineFacts(): Promise<MachineFacts> {
  const node = (globalThis as { process?: NodeJS.Process }).process?.versions?.node;
  return node === undefined ? browserFacts() : nodeFacts(node);
}

async function nodeFacts(version: string): Promise<MachineFacts> {
  const os = await import("node:os");
  // A container's limit counts; without one, constrainedMemory is 0 or far above the machine's memory.
  const limit = process.constrainedMemory() || Infinity;
  return {
    platform: process.platform,
    arch: process.arch,
    cpuModel: os.cpus()[0]?.model.trim() || null, // the list is empty on many Android phones
    cores: os.availableParallelism(),
    memoryBytes: Math.min(os.totalmem(), limit),
    runtime: { name: "node", version },
  };
}

function browserFacts(): MachineFacts {
  const { userAgent, hardwareConcurrency, deviceMemory } = navigator as Navigator & { deviceMemory?: number };
  const engine = /(Firefox|Edg|Chrome|Version)\/([\d.]+)/.exec(userAgent);
  const name = engine?.[1] === "Version" ? "safari" : engine?.[1] === "Edg" ? "edge" : engine?.[1]?.toLowerCase();
  const platform = /Android|iPhone|iPad|Windows|Mac OS X|Linux|CrOS/.exec(userAgent)?.[0];
  return {
    platform: platform?.toLowerCase() ?? "browser",
    arch: /arm64|aarch64|x86_64|x64|wow64/i.exec(userAgent)?.[0].toLowerCase() ?? "unknown",
    cpuModel: null,
    cores: hardwareConcurrency ?? 1,
    memoryBytes: deviceMemory === undefined ? null : deviceMemory * 2 ** 30,
    runtime: { name: name ?? "browser", version: engine?.[2] ?? "unknown" },
  };
}
