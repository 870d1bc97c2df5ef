// What a family of published models is to this program: how its config.json reads, and where its tensors are.
import type { FieldNames, Spec, SpecInput } from "../../spec/spec.ts";
import type { ConfigReader } from "./config-reader.ts";

/** Where the numbers of one of our tensors come from. */
export interface TensorSource {
  /** Our tensor, by its name in layout.ts. */
  to: string;
  /** First of its elements that this source fills, where a vector has several sources. Default 0. */
  at?: number;
  /** The tensor in the file; null: there is none, every element is `plus`. */
  from: string | null;
  /** Its shape in the file. */
  shape: readonly number[];
  /** Ours = stored · scale + plus. Defaults 1 and 0. */
  scale?: number;
  plus?: number;
  /** Makes our order of elements from the stored, before `scale`. Default: they are the same. */
  convert?: (stored: Float32Array<ArrayBuffer>) => Float32Array<ArrayBuffer>;
}

/** One family: the models of one `model_type`. */
export interface Family {
  /** Reads the architecture. @throws HandheldError `invalid-spec` or `unsupported`, in the words of config.json */
  spec(config: ConfigReader): SpecInput;
  /** The words of config.json where they are not Llama's, for errors. */
  names?: FieldNames;
  /** Sources of all our tensors. */
  tensors(spec: Spec, config: ConfigReader): TensorSource[];
  /** A prefix of all tensor names that some files leave out. */
  prefix?: string;
}
