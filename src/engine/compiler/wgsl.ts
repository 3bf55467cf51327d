import { EngineError } from '../errors.ts';
import { PHILOX_WGSL } from '../ops/random.ts';
import type { DType, Lane, Tensor } from '../tensor.ts';

/** Words of parameters that one dispatch may carry: 64 bytes of immediates. */
const MOST_PARAMS = 16;

/** What a dispatch does with a buffer. */
export interface BufferUse {
  /** Stored or resident node whose buffer it is. */
  readonly node: Tensor;
  readonly access: 'read' | 'write';
}

/** One dispatch, before buffers are known. */
export interface Step {
  readonly label: string;
  readonly wgsl: string;
  /** In the order of the bindings. */
  readonly uses: readonly BufferUse[];
  readonly params: readonly number[];
  readonly grid: readonly [number, number, number];
  readonly subgroups: boolean;
}

const VECTOR = { f32: 'vec4f', i32: 'vec4i', u32: 'vec4u' } as const;

/** The type of one lane's values. */
export function laneType(dtype: DType, lanes: 1 | 4): string {
  return lanes === 4 ? VECTOR[dtype] : dtype;
}

/** A WGSL literal. f32 has no literal for infinities: the largest finite number stands for them. */
export function literal(value: number, dtype: DType): string {
  if (Number.isNaN(value)) throw new EngineError('a constant of a program is NaN; WGSL cannot write it.');
  if (dtype === 'i32') return value < 0 ? `i32(${value})` : `${value}i`;
  if (dtype === 'u32') return `${value}u`;
  const limited = Math.min(Math.max(value, -3.4028234663852886e38), 3.4028234663852886e38);
  const text = String(Math.fround(limited));
  return /[.e]/.test(text) ? `${text}f` : `${text}.0f`;
}

export function makeLane(lanes: 1 | 4, linearIndex: string): Lane {
  return {
    lanes,
    linearIndex,
    type: (dtype) => laneType(dtype, lanes),
    literal: (value, dtype = 'f32') =>
      lanes === 4 ? `${VECTOR[dtype]}(${literal(value, dtype)})` : literal(value, dtype),
  };
}

/** Collects the bindings and parameters of a kernel while its body is written. */
export class KernelText {
  readonly #uses: (BufferUse & { name: string; element: string })[] = [];
  readonly #params: { name: string; value: number }[] = [];
  readonly #paramNames = new Map<string, string>();

  readonly #bufferOf: (node: Tensor) => object;

  /** @param bufferOf what identifies the buffer behind a node: two nodes may share one. */
  constructor(bufferOf: (node: Tensor) => object, fixedParams: Readonly<Record<string, number>> = {}) {
    this.#bufferOf = bufferOf;
    for (const [name, value] of Object.entries(fixedParams)) this.#params.push({ name, value });
  }

  /** The name of a storage array; a buffer read under two element types is bound twice. */
  read(node: Tensor, element: string, name?: string): string {
    const known = this.#uses.find((use) => use.node === node && use.element === element && !name);
    if (known) return known.name;
    // What the same dispatch also writes is bound once, and read through that binding.
    const buffer = this.#bufferOf(node);
    const written = this.#uses.find((use) => use.access === 'write' && this.#bufferOf(use.node) === buffer);
    if (written) return written.name;
    const fresh = name ?? `in${this.#uses.length}`;
    this.#uses.push({ node, access: 'read', name: fresh, element });
    return fresh;
  }

  write(node: Tensor, element: string): string {
    const name = `out${this.#uses.length}`;
    this.#uses.push({ node, access: 'write', name, element });
    return name;
  }

  /** `params.name` for a shape value, so that one pipeline serves many shapes; a literal once they are full. */
  param(name: string, value: number): string {
    const known = this.#paramNames.get(name);
    if (known) return known;
    const unsigned = value >>> 0;
    const text = this.#params.length < MOST_PARAMS ? `params.${name}` : `${unsigned}u`;
    if (this.#params.length < MOST_PARAMS) this.#params.push({ name, value: unsigned });
    this.#paramNames.set(name, text);
    return text;
  }

  /** The whole kernel. `immediates`: parameters are immediates, else a uniform buffer. */
  finish(spec: {
    label: string;
    body: string;
    grid: readonly [number, number, number];
    subgroups?: boolean;
    immediates: boolean;
  }): Step {
    const lines: string[] = [];
    if (spec.subgroups) lines.push('enable subgroups;');
    if (this.#params.length) {
      if (spec.immediates) lines.push('requires immediate_address_space;');
      lines.push(
        `struct Params { ${this.#params.map(({ name }) => `${name}: u32`).join(', ')} }`,
        spec.immediates
          ? 'var<immediate> params: Params;'
          : '@group(1) @binding(0) var<uniform> params: Params;',
      );
    }
    for (const [binding, use] of this.#uses.entries()) {
      const access = use.access === 'read' ? 'read' : 'read_write';
      lines.push(
        `@group(0) @binding(${binding}) var<storage, ${access}> ${use.name}: array<${use.element}>;`,
      );
    }
    return {
      label: spec.label,
      wgsl: [...lines, ...(spec.body.includes('philox(') ? [PHILOX_WGSL] : []), spec.body].join('\n'),
      uses: this.#uses.map(({ node, access }) => ({ node, access })),
      params: this.#params.map(({ value }) => value >>> 0),
      grid: spec.grid,
      subgroups: spec.subgroups ?? false,
    };
  }
}
