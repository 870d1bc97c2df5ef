// Published measurements of shape against quality, as data: PhoneLM's Tables 2 and 7 (speeds on a phone with a Snapdragon
// 8 Gen 3, CPU; losses after 2 B tokens by its section 2, 20 B by its appendix) and MobileLLM's Table 11 (mean accuracy over
// eight zero-shot tasks). Numbers only; what is made of them is in ./observations.ts.

/** A row of PhoneLM's Table 7. Vocabulary 49,152, tied; published parameters do not count fewer key/value heads. */
export interface LossRow {
  group: "100M" | "200M";
  width: number;
  ffnWidth: number;
  layers: number;
  activation: "relu" | "silu";
  heads: number;
  kvHeads: number;
  /** Validation loss in nats. */
  loss: number;
  /** On the phone. */
  prefillTokensPerSecond: number;
  decodeTokensPerSecond: number;
}

/** A row of MobileLLM's Table 11. Vocabulary 32,000, untied, SwiGLU, as many key/value heads as heads. */
export interface AccuracyRow {
  group: "125M" | "350M";
  layers: number;
  heads: number;
  width: number;
  /** Parameters as published, rounded to 0.1 M; the FFN width follows from them. */
  parameters: number;
  /** Mean accuracy in percent. */
  accuracy: number;
}

/** A row of PhoneLM's Table 2: shapes of 1.5 B, ReLU, 16 heads. */
export interface PhoneSpeedRow {
  width: number;
  ffnWidth: number;
  layers: number;
  prefillTokensPerSecond: number;
  decodeTokensPerSecond: number;
}

// width, FFN, layers, activation, heads, key/value heads, loss, prefill, decode
const table7 = {
  "100M": [
    [1280, 2096, 3, "relu", 16, 16, 3.76, 916.7, 455.32],
    [1280, 2096, 3, "silu", 16, 16, 3.81, 877.19, 424.08],
    [768, 2046, 9, "relu", 16, 16, 3.7, 742.85, 258.56],
    [768, 2046, 9, "relu", 4, 4, 3.67, 784.94, 266.68],
    [768, 2046, 9, "relu", 16, 4, 3.66, 871.94, 260.37],
    [768, 2046, 9, "silu", 16, 16, 3.69, 788.95, 260.03],
    [768, 2046, 9, "silu", 4, 4, 3.66, 773.27, 255.42],
    [768, 2046, 9, "silu", 16, 4, 3.65, 853.46, 252.71],
    [704, 1856, 11, "relu", 16, 16, 3.65, 720.98, 228.11],
    [704, 1856, 11, "silu", 16, 16, 3.64, 753.61, 228.03],
    [576, 1536, 18, "relu", 16, 16, 3.68, 601.56, 154.59],
    [576, 1536, 18, "relu", 4, 4, 3.59, 652.11, 164.05],
    [576, 1536, 18, "relu", 16, 4, 3.66, 705.54, 153.85],
    [576, 1536, 18, "silu", 16, 16, 3.67, 614.41, 151.98],
    [576, 1536, 18, "silu", 4, 4, 3.58, 640.13, 160.48],
    [576, 1536, 18, "silu", 16, 4, 3.65, 691.67, 150.15],
    [448, 1184, 33, "relu", 16, 16, 3.68, 469.89, 89.48],
    [448, 1184, 33, "silu", 16, 16, 3.67, 481.58, 87.7],
  ],
  "200M": [
    [2048, 5460, 2, "relu", 16, 16, 4.21, 726.44, 430.06],
    [2048, 5460, 2, "silu", 16, 16, 4.21, 552.06, 325.93],
    [1536, 4096, 4, "relu", 16, 16, 3.94, 706.14, 391.36],
    [1536, 4096, 4, "silu", 16, 16, 3.91, 683.97, 351.09],
    [1024, 2688, 12, "relu", 16, 16, 3.89, 559.8, 225.88],
    [1024, 2688, 12, "relu", 4, 4, 3.87, 533, 222.27],
    [1024, 2688, 12, "relu", 16, 4, 3.89, 546.76, 215.04],
    [1024, 2688, 12, "silu", 16, 16, 3.85, 461.42, 178.95],
    [1024, 2688, 12, "silu", 4, 4, 3.86, 427.38, 162.85],
    [1024, 2688, 12, "silu", 16, 4, 3.86, 412.81, 160.71],
    [704, 1856, 25, "relu", 16, 16, 4.02, 489.62, 144.05],
    [704, 1856, 25, "relu", 4, 4, 3.95, 505.01, 139.14],
    [704, 1856, 25, "relu", 16, 4, 3.98, 554.88, 131.29],
    [704, 1856, 25, "silu", 16, 16, 3.98, 487.49, 124.17],
    [704, 1856, 25, "silu", 4, 4, 3.95, 391.94, 103.51],
    [704, 1856, 25, "silu", 16, 4, 3.94, 448.85, 98.58],
    [576, 1536, 40, "relu", 16, 16, 4.11, 430.52, 119.42],
    [576, 1536, 40, "silu", 16, 16, 4.13, 407.08, 88.21],
  ],
} as const;

/** PhoneLM, Table 7. */
export const lossRows: readonly LossRow[] = (["100M", "200M"] as const).flatMap((group) =>
  table7[group].map(([width, ffnWidth, layers, activation, heads, kvHeads, loss, prefill, decode]) => {
    const speeds = { prefillTokensPerSecond: prefill, decodeTokensPerSecond: decode };
    return { group, width, ffnWidth, layers, activation, heads, kvHeads, loss, ...speeds };
  }),
);

// layers, heads, width, millions of parameters, accuracy
const table11 = {
  "125M": [
    [4, 20, 1280, 163.2, 43.3],
    [6, 16, 1024, 142.6, 42.3],
    [8, 14, 896, 138.1, 43],
    [12, 12, 768, 134.1, 43.9],
    [18, 10, 640, 132.4, 43.9],
    [24, 9, 576, 132.4, 44.8],
    [30, 8, 512, 135, 44.8],
    [42, 7, 448, 134.6, 44.5],
    [62, 6, 384, 134.3, 44.7],
  ],
  "350M": [
    [5, 32, 2048, 388, 47.1],
    [10, 24, 1536, 381.4, 48.6],
    [12, 22, 1408, 379.9, 49.1],
    [15, 20, 1280, 386.7, 48.7],
    [19, 18, 1152, 376.3, 48.8],
    [24, 16, 1024, 373.8, 49.4],
    [28, 15, 960, 371.1, 48.9],
    [32, 14, 896, 380.3, 49.8],
    [46, 12, 768, 374.7, 49.6],
    [66, 10, 640, 376.2, 49.5],
  ],
} as const;

/** MobileLLM, Table 11. */
export const accuracyRows: readonly AccuracyRow[] = (["125M", "350M"] as const).flatMap((group) =>
  table11[group].map(([layers, heads, width, millions, accuracy]) => {
    return { group, layers, heads, width, parameters: millions * 1e6, accuracy };
  }),
);

// width, FFN, layers, prefill, decode
const table2 = [
  [2048, 12288, 16, 70.75, 55.12],
  [2560, 7680, 18, 64.98, 60.6],
  [2560, 6816, 19, 81.47, 58.08],
  [2048, 10240, 19, 68.52, 54.48],
  [1792, 10752, 21, 65.42, 50.18],
  [2048, 8192, 22, 67.1, 54.04],
  [1792, 8960, 25, 63.29, 48.63],
] as const;

/** PhoneLM, Table 2. */
export const phoneSpeedRows: readonly PhoneSpeedRow[] = table2.map(([width, ffnWidth, layers, prefill, decode]) => {
  return { width, ffnWidth, layers, prefillTokensPerSecond: prefill, decodeTokensPerSecond: decode };
});
