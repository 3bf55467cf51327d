/**
 * What a kernel family hands the compiler, and what the compiler tells it of the adapter.
 * docs/architecture.md, "The compiler's contract with kernels", is the agreement in words.
 */

/** How the elements of one bound storage array are seen by the shader. */
export type KernelElement = 'f32' | 'vec4f' | 'i32' | 'u32';

/** One storage array that the shader reads; the compiler declares it under this name. */
export interface KernelInput {
  readonly name: string;
  readonly element: KernelElement;
}

/** One dispatch: the shader's text, what it reads, and how many workgroups cover its output. */
export interface KernelPlan {
  /** For the profiler and for errors: `gemm.subgroup 512×512×512`. */
  readonly label: string;
  /** WGSL text, expanded. Declares neither bindings nor parameters. */
  readonly shader: string;
  /** Storage arrays in the op's input order. */
  readonly inputs: readonly KernelInput[];
  /** The u32 fields of `params`, in order; at most 14. */
  readonly params: Readonly<Record<string, number>>;
  /** What `writeOutput` takes: 1 = an f32 and its element index, 4 = a vec4f and its vec4 index. */
  readonly lanes: 1 | 4;
  readonly workgroup: readonly [number, number, number];
  readonly grid: readonly [number, number, number];
  /** The shader broadcasts inside a subgroup. */
  readonly subgroups?: boolean;
}

/** What a family may assume of the adapter that it plans for. */
export interface AdapterTraits {
  /** A CPU runs the shaders: few wide cores, no cheap workgroup memory, dear compilation. */
  readonly software: boolean;
  /** Lanes of every subgroup; 0 where unavailable or not fixed. */
  readonly subgroupSize: number;
  readonly maxInvocations: number;
  readonly maxWorkgroupStorage: number;
}
