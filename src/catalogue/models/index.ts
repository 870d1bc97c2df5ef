// The models of all organisations, in the order of the survey's Table 1. A new organisation: its file here and its line below.
import type { CatalogueModel } from "../types.ts";
import { ai2 } from "./ai2.ts";
import { alibaba } from "./alibaba.ts";
import { amd } from "./amd.ts";
import { apple } from "./apple.ts";
import { bigscience } from "./bigscience.ts";
import { cerebras } from "./cerebras.ts";
import { databricks } from "./databricks.ts";
import { eleutherai } from "./eleutherai.ts";
import { google } from "./google.ts";
import { h2o } from "./h2o.ts";
import { huggingFace } from "./hugging-face.ts";
import { map } from "./map.ts";
import { mbzuai } from "./mbzuai.ts";
import { meituan } from "./meituan.ts";
import { meta } from "./meta.ts";
import { microsoft } from "./microsoft.ts";
import { mllm } from "./mllm.ts";
import { nvidia } from "./nvidia.ts";
import { openbmb } from "./openbmb.ts";
import { princeton } from "./princeton.ts";
import { stabilityAi } from "./stability-ai.ts";
import { tensoropera } from "./tensoropera.ts";
import { tinyllama } from "./tinyllama.ts";
import { toyota } from "./toyota.ts";
import { xiaohongshu } from "./xiaohongshu.ts";

/** Every model of the catalogue. */
export const catalogueModels: readonly CatalogueModel[] = [
  ...meta,
  ...bigscience,
  ...eleutherai,
  ...cerebras,
  ...microsoft,
  ...stabilityAi,
  ...tinyllama,
  ...meituan,
  ...alibaba,
  ...mbzuai,
  ...google,
  ...openbmb,
  ...apple,
  ...h2o,
  ...tensoropera,
  ...huggingFace,
  ...toyota,
  ...databricks,
  ...ai2,
  ...princeton,
  ...xiaohongshu,
  ...nvidia,
  ...map,
  ...amd,
  ...mllm,
];
