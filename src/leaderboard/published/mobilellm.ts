// MobileLLM (Liu et al. 2024): eight tasks of common sense, calls of an API. Its Table 4 is not here: the names of its rows
// cannot be told from our copy. Rows that Table 8 repeats from Table 3 are given once.
import { columns, type PublishedTable } from "./schema.ts";

const url = "https://arxiv.org/abs/2402.14905";
const commonSense = columns(
  "0-shot",
  ...["arc_easy", "arc_challenge", "boolq", "piqa", "social_iqa", "hellaswag", "openbookqa", "winogrande"],
);
const note =
  "Open models were measured by the authors; whether accuracy is normalised by length the paper does not say.";

/** Table 3: models below a billion parameters. */
export const mobilellmSmall: PublishedTable = {
  source: "Liu et al. 2024, MobileLLM, Table 3",
  ...{ url, note, device: null, columns: commonSense, scale: 100 },
  rows: [
    {
      model: "Cerebras-GPT-111M",
      size: "111M",
      values: [35.8, 20.2, 62.0, 58.0, 39.8, 26.7, 29.0, 48.8],
      average: 40.0,
    },
    { model: "LaMini-GPT-124M", size: "124M", values: [43.6, 26.0, 51.8, 62.7, 42.1, 30.2, 29.6, 49.2], average: 41.9 },
    { model: "Galactica-125M", size: "125M", values: [44.0, 26.2, 54.9, 55.4, 38.9, 29.6, 28.2, 49.6], average: 40.9 },
    { model: "OPT-125M", size: "125M", values: [41.3, 25.2, 57.5, 62.0, 41.9, 31.1, 31.2, 50.8], average: 42.6 },
    { model: "GPT-neo-125M", size: "125M", values: [40.7, 24.8, 61.3, 62.5, 41.9, 29.7, 31.6, 50.7], average: 42.9 },
    { model: "Pythia-160M", size: "162M", values: [40.0, 25.3, 59.5, 62.0, 41.5, 29.9, 31.2, 50.9], average: 42.5 },
    { model: "RWKV-169M", size: "169M", values: [42.5, 25.3, 59.1, 63.9, 40.7, 31.9, 33.8, 51.5], average: 43.6 },
    { model: "MobileLLM-125M", size: "125M", values: [43.9, 27.1, 60.2, 65.3, 42.4, 38.9, 39.5, 53.1], average: 46.3 },
    {
      ...{ model: "MobileLLM-LS-125M", size: "125M", released: "2024-02" },
      ...{ values: [45.8, 28.7, 60.4, 65.7, 42.9, 39.5, 41.1, 52.1], average: 47.0 },
    },
    {
      model: "Cerebras-GPT-256M",
      size: "256M",
      values: [37.9, 23.2, 60.3, 61.4, 40.6, 28.3, 31.8, 50.5],
      average: 41.8,
    },
    { model: "OPT-350M", size: "331M", values: [41.9, 25.7, 54.0, 64.8, 42.6, 36.2, 33.3, 52.4], average: 43.9 },
    { model: "Pythia-410M", size: "405M", values: [47.1, 30.3, 55.3, 67.2, 43.1, 40.1, 36.2, 53.4], average: 46.6 },
    { model: "RWKV-430M", size: "430M", values: [48.9, 32.0, 53.4, 68.1, 43.6, 40.6, 37.8, 51.6], average: 47.0 },
    { model: "Bloom-560M", size: "559M", values: [43.7, 27.5, 53.7, 65.1, 42.5, 36.5, 32.6, 52.2], average: 44.2 },
    {
      model: "Cerebras-GPT-590M",
      size: "590M",
      values: [42.6, 24.9, 57.7, 62.8, 40.9, 32.0, 33.2, 49.7],
      average: 43.0,
    },
    { model: "MobileLLM-350M", size: "345M", values: [53.8, 33.5, 62.4, 68.6, 44.7, 49.6, 40.0, 57.6], average: 51.3 },
    {
      ...{ model: "MobileLLM-LS-350M", size: "345M", released: "2024-02" },
      ...{ values: [54.4, 32.5, 62.8, 69.8, 44.1, 50.6, 45.8, 57.2], average: 52.1 },
    },
  ],
};

/** Table 8: half a billion to three billion parameters. Sizes are those of the names. */
export const mobilellmLarge: PublishedTable = {
  source: "Liu et al. 2024, MobileLLM, Table 8",
  ...{ url, note, device: null, columns: commonSense, scale: 100 },
  rows: [
    { model: "Qwen1.5-0.5B", size: "500M", values: [54.7, 32.1, 46.9, 68.9, 46.0, 48.8, 37.7, 55.0], average: 48.8 },
    {
      ...{ model: "MobiLlama-800M", size: "800M", released: "2024-02" },
      ...{ values: [52.0, 31.7, 54.6, 73.0, 43.3, 52.3, 42.5, 56.3], average: 50.7 },
    },
    { model: "MobileLLM-600M", size: "600M", values: [58.1, 35.8, 61.0, 72.3, 44.9, 55.9, 47.9, 58.6], average: 54.3 },
    { model: "Pythia-1B", size: "1B", values: [49.9, 30.4, 58.7, 69.2, 43.3, 47.4, 38.6, 52.2], average: 48.7 },
    { model: "MobiLlama-1B", size: "1B", values: [59.7, 38.4, 59.2, 74.5, 44.9, 62.0, 43.7, 59.0], average: 55.2 },
    { model: "Falcon-1B", size: "1B", values: [59.5, 38.4, 63.9, 74.6, 44.6, 62.9, 45.6, 60.9], average: 56.3 },
    { model: "Bloom-1.1B", size: "1.1B", values: [47.6, 27.3, 58.6, 67.0, 42.4, 42.2, 36.6, 53.8], average: 46.9 },
    { model: "TinyLlama-1.1B", size: "1.1B", values: [59.2, 37.1, 58.1, 72.9, 43.9, 59.1, 44.7, 58.8], average: 54.2 },
    { model: "MobileLLM-1B", size: "1B", values: [63.0, 39.0, 66.7, 74.4, 45.0, 61.4, 46.8, 62.3], average: 57.3 },
    {
      model: "Cerebras-GPT-1.3B",
      size: "1.3B",
      values: [47.4, 28.3, 57.3, 66.9, 43.1, 38.2, 38.4, 52.1],
      average: 46.5,
    },
    { model: "Galactica-1.3B", size: "1.3B", values: [59.8, 34.3, 61.4, 63.9, 42.0, 40.9, 33.8, 54.9], average: 48.9 },
    { model: "GPT-neo-1.3B", size: "1.3B", values: [51.3, 33.0, 61.8, 70.9, 43.7, 48.6, 41.2, 54.5], average: 50.6 },
    { model: "OPT-1.3B", size: "1.3B", values: [54.4, 31.7, 58.4, 71.5, 44.7, 53.7, 44.6, 59.1], average: 52.3 },
    { model: "LaMini-GPT-1.5B", size: "1.5B", values: [59.9, 39.1, 77.0, 71.9, 45.9, 50.9, 44.4, 57.5], average: 55.8 },
    { model: "RWKV-1.5B", size: "1.5B", values: [56.2, 33.8, 61.8, 72.3, 44.7, 52.8, 41.8, 54.7], average: 52.3 },
    { model: "Bloom-1.7B", size: "1.7B", values: [50.9, 31.2, 61.7, 70.0, 43.2, 47.2, 36.2, 56.1], average: 49.6 },
    { model: "Qwen1.5-1.8B", size: "1.8B", values: [61.1, 36.5, 68.3, 74.1, 47.2, 60.4, 42.9, 61.2], average: 56.5 },
    {
      model: "Cerebras-GPT-2.7B",
      size: "2.7B",
      values: [53.8, 32.3, 55.0, 71.0, 43.3, 48.9, 40.6, 55.7],
      average: 50.1,
    },
    { model: "GPT-neo-2.7B", size: "2.7B", values: [55.8, 34.3, 62.4, 72.9, 43.6, 55.6, 40.0, 57.9], average: 52.8 },
    { model: "OPT-2.7B", size: "2.7B", values: [56.6, 34.6, 61.8, 74.5, 45.6, 60.2, 48.2, 59.6], average: 55.1 },
    { model: "Pythia-2.8B", size: "2.8B", values: [59.4, 38.9, 66.1, 73.8, 44.5, 59.6, 45.0, 59.4], average: 55.8 },
    { model: "Bloom-3B", size: "3B", values: [55.1, 33.6, 62.1, 70.5, 43.2, 53.9, 41.6, 58.2], average: 52.3 },
    { model: "RWKV-3B", size: "3B", values: [60.1, 39.1, 58.6, 74.5, 45.1, 59.8, 44.6, 59.1], average: 55.1 },
    { model: "MobileLLM-1.5B", size: "1.5B", values: [67.5, 40.9, 65.7, 74.8, 46.4, 64.5, 50.5, 64.7], average: 59.4 },
  ],
};

/** Table 6: exact matches of intent and structure, ROUGE of the agent's reply, after fine-tuning. */
export const mobilellmCalls: PublishedTable = {
  source: "Liu et al. 2024, MobileLLM, Table 6",
  ...{ url, note: "2,500 test samples of the authors' own data; models fine-tuned on 5,000.", device: null },
  columns: columns("fine-tuned", "api.intentExactMatch", "api.structureExactMatch", "api.rouge1", "api.rougeL"),
  scale: 100,
  rows: [
    { model: "OPT-350M", size: "350M", values: [56.1, 38.6, 37.1, 35.3] },
    { model: "Pythia-410M", size: "410M", values: [62.2, 44.7, 43.1, 41.1] },
    { model: "Bloom-560M", size: "560M", values: [64.7, 37.9, 36.9, 34.6] },
    { model: "MobileLLM-350M", size: "350M", values: [65.3, 48.8, 46.8, 44.6] },
    { model: "Llama-2-7B", size: "7B", released: "2023-07", values: [62.8, 50.9, 56.5, 54.3] },
  ],
};
