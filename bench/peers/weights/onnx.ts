// Builds an ONNX model: nodes, inputs, outputs, and initializers whose values lie in a second file (external data).
// Field numbers and constants as in onnx.proto of the ONNX project.
import { type Bytes, bytesField, floatField, integerField, message } from "./protobuf.ts";

/** Element types, by their number in TensorProto.DataType. */
export const onnxTypes = { float32: 1, uint8: 2, int32: 6, int64: 7, uint4: 21 } as const;
export type OnnxType = keyof typeof onnxTypes;

/** Where ONNX Runtime's own operators live. */
export const microsoft = "com.microsoft";

/** A value of an attribute; numbers are integers unless they are wrapped as `{ float }`. */
export type Attribute = number | { float: number };

/** The graph as it grows. `external` collects the data file's pieces. */
export class OnnxGraph {
  /** Pieces of the data file, in order; nothing is generated before they are asked for. */
  readonly external: (() => Iterable<Uint8Array>)[] = [];
  /** Bytes of the data file. */
  externalBytes = 0;
  private readonly dataFile: string;
  private readonly nodes: Bytes[] = [];
  private readonly initializers: Bytes[] = [];
  private readonly inputs: Bytes[] = [];
  private readonly outputs: Bytes[] = [];

  /** `dataFile`: name of the file beside the model that holds the external data. */
  constructor(dataFile: string) {
    this.dataFile = dataFile;
  }

  /** Adds a node; an empty name stands for an input or output that is left out. */
  node(
    type: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    domain = "",
  ): void {
    this.nodes.push(
      message(
        ...inputs.map((name) => bytesField(1, name)),
        ...outputs.map((name) => bytesField(2, name)),
        bytesField(3, `${type}:${outputs[0]}`),
        bytesField(4, type),
        ...Object.entries(attributes).map(([name, value]) => bytesField(5, attribute(name, value))),
        bytesField(7, domain),
      ),
    );
  }

  /** A constant inside the model's file. Its name, for {@link node}. */
  constant(name: string, type: OnnxType, shape: readonly number[], data: Bytes): string {
    this.initializers.push(message(tensorHead(name, type, shape), bytesField(9, data)));
    return name;
  }

  /** A constant in the data file, made when that is written. */
  weights(
    name: string,
    type: OnnxType,
    shape: readonly number[],
    sizeBytes: number,
    data: () => Iterable<Uint8Array>,
  ): string {
    const place = { location: this.dataFile, offset: String(this.externalBytes), length: String(sizeBytes) };
    const entries = Object.entries(place).map(([key, value]) => message(bytesField(1, key), bytesField(2, value)));
    const external = entries.map((entry) => bytesField(13, entry));
    this.initializers.push(message(tensorHead(name, type, shape), ...external, integerField(14, 1)));
    // Offsets must be multiples of the page size for the file to be mapped into memory.
    const gap = (4096 - (sizeBytes % 4096)) % 4096;
    this.external.push(data, () => [new Uint8Array(gap)]);
    this.externalBytes += sizeBytes + gap;
    return name;
  }

  /** Declares an input of the model; a name in the shape is a size that may vary. */
  input(name: string, type: OnnxType, shape: readonly (number | string)[]): string {
    this.inputs.push(valueInfo(name, type, shape));
    return name;
  }

  /** Declares an output of the model. */
  output(name: string, type: OnnxType, shape: readonly (number | string)[]): string {
    this.outputs.push(valueInfo(name, type, shape));
    return name;
  }

  /** The model's file. */
  finish(): Bytes {
    const graph = message(
      ...this.nodes.map((node) => bytesField(1, node)),
      bytesField(2, "decoder"),
      ...this.initializers.map((tensor) => bytesField(5, tensor)),
      ...this.inputs.map((value) => bytesField(11, value)),
      ...this.outputs.map((value) => bytesField(12, value)),
    );
    const operators = (domain: string, version: number) => message(bytesField(1, domain), integerField(2, version));
    return message(
      integerField(1, 10),
      bytesField(2, "handheld"),
      bytesField(7, graph),
      bytesField(8, operators("", 21)),
      bytesField(8, operators(microsoft, 1)),
    );
  }
}

function attribute(name: string, value: Attribute): Bytes {
  const [field, type] = typeof value === "number" ? [integerField(3, value), 2] : [floatField(2, value.float), 1];
  return message(bytesField(1, name), field, integerField(20, type));
}

function tensorHead(name: string, type: OnnxType, shape: readonly number[]): Bytes {
  const sizes = shape.map((size) => integerField(1, size));
  return message(...sizes, integerField(2, onnxTypes[type]), bytesField(8, name));
}

function valueInfo(name: string, type: OnnxType, shape: readonly (number | string)[]): Bytes {
  const sizes = shape.map((size) =>
    bytesField(1, typeof size === "number" ? integerField(1, size) : bytesField(2, size)),
  );
  const tensor = message(integerField(1, onnxTypes[type]), bytesField(2, message(...sizes)));
  return message(bytesField(1, name), bytesField(2, bytesField(1, tensor)));
}
