// Opcodes and memory map, shared by the AssemblyScript kernels and the TypeScript that queues commands.
// Plain constants only, so that both compilers read this file (in TypeScript i32 is an alias of number, see below).

/** Bytes of one command: 32 slots of 4 bytes; slot 0 is the opcode. */
export const COMMAND_BYTES = 128;
/** Commands the queue holds before it is run. */
export const QUEUE_COMMANDS = 2048;
/**
 * Control words (each on its own cache line): work sequence, command count, barrier arrivals, barrier phase, waiters,
 * stop; then, 8 bytes apart, what is claimed of each thread's share of the running operation.
 */
export const CONTROL = 4096;
/** v128 constants that kernels load (V8 re-creates literal vectors at each use, see docs/architecture.md). */
export const CONSTANTS = 5120;
/**
 * A word: not 0 forbids the int8 dot product instruction (int4-tiles-dot.ts), so that tests reach the other kernels.
 */
export const NO_DOT_PRODUCT = 6144;
/** A word: not 0 makes the kernels use the tiles that are made for vectors of 256 bits (../compile.ts). */
export const WIDE_VECTORS = 6272;
/** The same of the int4 tile, which an int8 dot product may beat. */
export const WIDE_INT4 = 6336;
/** A word: not 0 makes the threads book the time of each operator (profile.ts). */
export const PROFILING = 6208;
/** Room for operators, as in `operators` of ../../backend.ts. */
export const OPERATORS = 16;
/** Slot of a command that says which operator it belongs to. */
export const OPERATOR_SLOT = 31;
export const QUEUE = 8192;
/** First byte after the queue and the profile: per-thread scratch, then the heap. */
export const HEAP = QUEUE + COMMAND_BYTES * QUEUE_COMMANDS + 16384;
/** Where each of up to 64 threads books: f64 [threads, OPERATORS, 2], milliseconds busy and waiting. */
export const PROFILE = HEAP - 16384;
/** Fixed scratch of each thread, in bytes (a GEMM's packed panels, a row of attention scores …). */
export const SCRATCH_BYTES = 1 << 20;

/** Tokens of one page of a KV cache; the keys of a block of attention-cached.ts. */
export const KV_PAGE = 64;

export const OP_FILL = 1;
export const OP_COPY = 2;
export const OP_ADD = 3;
export const OP_AXPY = 4;
export const OP_GATHER_ROWS = 5;
export const OP_SCATTER_ADD_ROWS = 6;
export const OP_RMS_NORM = 7;
export const OP_RMS_NORM_BACKWARD = 8;
export const OP_LAYER_NORM = 9;
export const OP_LAYER_NORM_BACKWARD = 10;
export const OP_ROPE = 11;
export const OP_ACTIVATE = 12;
export const OP_ACTIVATE_BACKWARD = 13;
export const OP_GEMM = 14;
export const OP_ATTENTION = 15;
export const OP_ATTENTION_BACKWARD = 16;
export const OP_DROPOUT = 17;
export const OP_LOG_SUM_EXP = 18;
export const OP_CROSS_ENTROPY = 19;
export const OP_SUM_SQUARES = 20;
export const OP_ADAMW = 21;
export const OP_GATHER_INT4 = 22;
export const OP_QUANTIZE_ROWS = 23;
export const OP_MATMUL_INT4 = 24;
export const OP_KV_APPEND = 25;
export const OP_ATTENTION_CACHED = 26;
export const OP_ARGMAX = 27;
export const OP_FAKE_QUANTIZE_INT4 = 28;
export const OP_GATED_ROWS_INT4 = 29;
export const OP_SKIP_COLUMNS_INT4 = 30;
export const OP_COUNT_SHUT = 31;
export const OP_REPACK_INT4 = 32;
export const OP_CHOICE_CROSS_ENTROPY = 33;
export const OP_CHOICE_HEAD_BACKWARD = 34;
export const OP_MASK_LOGITS = 40;
export const OP_PENALIZE_REPEATS = 41;
export const OP_SAMPLE = 42;
export const OP_CLAMP = 43;
export const OP_SOFT_CAP = 44;
export const OP_ADD_BIAS = 45;
export const OP_NORM_PARTS = 46;
export const OP_PACK_INT4 = 50;
export const OP_WIDEN = 51;
export const OP_PACK_INT8 = 52;
export const OP_REPACK_INT8 = 53;
export const OP_GATHER_INT8 = 54;
export const OP_MATMUL_INT8 = 55;
