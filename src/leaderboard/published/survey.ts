// The survey of small language models (Lu et al. 2025): averages over its tasks, tool use, Zamba2. Its figures of speed and
// memory are drawn, not printed, and so not here. Of Table 3 the two rows that are both called OPT-125M are left out.
import { columns, type PublishedTable } from "./schema.ts";

const paper = "Lu et al. 2025, Demystifying Small Language Models";
const url = "https://aclanthology.org/2025.acl-long.718/";

/** Table 3: the average over common sense and problem solving, for models trained on open data. */
export const surveyAverages: PublishedTable = {
  source: `${paper}, Table 3`,
  ...{ url, note: "Average of normalised accuracy over the survey's tasks, with 5 examples.", device: null },
  columns: columns("5-shot", "survey-average"),
  scale: 1,
  rows: [
    { model: "SmolLM-360M", size: "360M", values: [0.448] },
    { model: "OpenELM-450M", size: "450M", values: [0.417] },
    { model: "SmolLM-135M", size: "135M", values: [0.416] },
    { model: "MobiLlama-0.5B", size: "0.5B", values: [0.405] },
    { model: "OpenELM-270M", size: "270M", values: [0.393] },
    { model: "Pythia-410M", size: "410M", values: [0.388] },
    { model: "Bloomz-560M", size: "560M", values: [0.366] },
    { model: "Bloom-560M", size: "560M", values: [0.363] },
    { model: "Cerebras-GPT-590M", size: "590M", values: [0.358] },
    { model: "Pythia-160M", size: "160M", values: [0.347] },
    { model: "Cerebras-GPT-111M", size: "111M", values: [0.33] },
    { model: "DCLM-1B", size: "1B", values: [0.577] },
    { model: "OpenELM-1.1B", size: "1.1B", values: [0.463] },
    { model: "TinyLlama-1.1B", size: "1.1B", values: [0.436] },
    // biome-ignore lint/suspicious/noApproximativeNumericConstant: an accuracy, not log10(e)
    { model: "MobiLlama-1B", size: "1B", values: [0.434] },
    { model: "MobileLLaMA-1.4B", size: "1.4B", values: [0.428] },
    { model: "Pythia-1.4B", size: "1.4B", values: [0.423] },
    { model: "OPT-1.3B", size: "1.3B", values: [0.413] },
    { model: "Pythia-1B", size: "1B", values: [0.406] },
    { model: "Bloom-1.1B", size: "1.1B", values: [0.394] },
    { model: "Bloomz-1.1B", size: "1.1B", values: [0.384] },
    { model: "Cerebras-GPT-1.3B", size: "1.3B", values: [0.383] },
    { model: "StableLM-2-Zephyr-1.6B", size: "1.6B", values: [0.556] },
    { model: "SmolLM-1.7B", size: "1.7B", values: [0.503] },
    { model: "StableLM-Zephyr-3B", size: "3B", values: [0.582] },
    { model: "Pythia-2.8B", size: "2.8B", values: [0.448] },
    { model: "OPT-2.7B", size: "2.7B", values: [0.439] },
    { model: "Cerebras-GPT-2.7B", size: "2.7B", values: [0.405] },
  ],
};

/** Table 7: DroidCall, instructed models. */
export const surveyCalls: PublishedTable = {
  source: `${paper}, Table 7`,
  ...{ url, note: "DroidCall's test set; instructed models, as they are and fine-tuned.", device: null },
  columns: ["0-shot", "few-shot", "fine-tuned"].flatMap((setting) => columns(setting, "droidcall.accuracy")),
  scale: 100,
  rows: [
    { model: "Qwen2.5-1.5B-Instruct", size: "1.5B", released: "2024-09", values: [61.0, 64.5, 76.0] },
    { model: "Qwen2.5-3B-Instruct", size: "3B", released: "2024-09", values: [62.0, 71.0, 83.0] },
    { model: "Gemma-2-2B-it", size: "2B", released: "2024-07", values: [59.0, 67.5, 85.0] },
    { model: "Phi-3.5-mini", size: "3.8B", values: [62.0, 67.5, 83.5] },
    { model: "MiniCPM3-4B", size: "4B", values: [67.0, 75.0, 74.5] },
    { model: "Llama-3.2-1B-Instruct", size: "1B", released: "2024-09", values: [31.5, 60.5, 75.5] },
    { model: "Llama-3.2-3B-Instruct", size: "3B", released: "2024-09", values: [66.5, 72.0, 82.0] },
    { model: "GPT-4o", size: null, released: "2024-05", values: [77.0, 80.5, null] },
    { model: "GPT-4o-mini", size: null, released: "2024-07", values: [71.5, 76.0, null] },
  ],
};

/** Table 8: Zamba2, of Mamba's kind, and Llama 2. */
export const surveyZamba: PublishedTable = {
  source: `${paper}, Table 8`,
  ...{ url, note: "Accuracy with 5 examples, the survey's default; which TruthfulQA it is the paper does not say." },
  device: null,
  columns: columns(
    "5-shot",
    ...[
      "arc_challenge",
      "arc_easy",
      "boolq",
      "commonsense_qa",
      "hellaswag",
      "mmlu",
      "openbookqa",
      "piqa",
      "truthfulqa",
    ],
  ),
  scale: 1,
  rows: [
    {
      ...{ model: "Zamba2-1.2B", size: "1.2B", average: 0.55 },
      values: [0.44, 0.77, 0.74, 0.52, 0.53, 0.44, 0.32, 0.77, 0.38],
    },
    {
      ...{ model: "Zamba2-2.7B", size: "2.7B", average: 0.61 },
      values: [0.48, 0.8, 0.8, 0.75, 0.57, 0.56, 0.32, 0.79, 0.46],
    },
    {
      ...{ model: "Llama-2-7B", size: "7B", released: "2023-07", average: 0.6 },
      values: [0.45, 0.74, 0.8, 0.76, 0.76, 0.41, 0.34, 0.79, 0.38],
    },
  ],
};
