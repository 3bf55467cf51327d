import { ShapeError } from '../errors.ts';
import type { Shape } from '../shape.ts';
import { showShape } from '../shape.ts';
import { Tensor } from '../tensor.ts';

/**
 * WGSL of Philox4x32-10 (Salmon et al. 2011): four random words for each counter. Counter-based, so a
 * draw depends on nothing but (seed, step, stream, element) and needs no state.
 */
const ROUNDS = 10;

/** 32×32 → 64 bit product by halves; WGSL has no wide multiply. */
function philoxBlock(key: readonly [string, string], counter: string, stream: number): string {
  return `philox(vec2u(${key[0]}, ${key[1]}), vec4u(${counter}, ${stream}u, 0u, 0u))`;
}

/** Functions that random expressions call; the kernel writer puts them at the top of a shader that does. */
export const PHILOX_WGSL = `fn mulHigh(a: u32, b: u32) -> u32 {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let crossA = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let crossB = (a & 0xffffu) * (b >> 16u) + (crossA & 0xffffu);
  return (a >> 16u) * (b >> 16u) + (crossA >> 16u) + (crossB >> 16u);
}

fn philox(seed: vec2u, start: vec4u) -> vec4u {
  var key = seed;
  var c = start;
  for (var round = 0; round < ${ROUNDS}; round++) {
    c = vec4u(mulHigh(0xCD9E8D57u, c.z) ^ c.y ^ key.x, 0xCD9E8D57u * c.z, mulHigh(0xD2511F53u, c.x) ^ c.w ^ key.y, 0xD2511F53u * c.x);
    key += vec2u(0x9E3779B9u, 0xBB67AE85u);
  }
  return c;
}

fn unit4(bits: vec4u) -> vec4f {
  return (vec4f(bits >> vec4u(8u)) + 0.5) * (1.0 / 16777216.0);
}

fn normal4(bits: vec4u) -> vec4f {
  let u = unit4(bits);
  let radius = sqrt(-2.0 * log(vec2f(u.x, u.z)));
  let angle = 6.283185307179586 * vec2f(u.y, u.w);
  return vec4f(radius.x * cos(angle.x), radius.x * sin(angle.x), radius.y * cos(angle.y), radius.y * sin(angle.y));
}
`;

function random(op: 'uniform' | 'normal', shape: Shape, key: Tensor, stream: number): Tensor {
  if (key.dtype !== 'u32' || key.shape.length !== 1 || key.shape[0] !== 2) {
    throw new ShapeError(
      `${op}: expected a u32 key [2] (seed, step), got ${key.dtype} ${showShape(key.shape)}.`,
    );
  }
  if (!Number.isInteger(stream) || stream < 0)
    throw new ShapeError(`${op}: expected a stream ≥ 0, got ${stream}.`);
  const draw = op === 'uniform' ? 'unit4' : 'normal4';
  return new Tensor({
    op,
    inputs: [keyWord(key, 0, shape), keyWord(key, 1, shape)],
    shape,
    attributes: String(stream),
    body: {
      kind: 'elementwise',
      positional: true,
      expression: ([seed, step], lane) => {
        // The key is the same for all lanes; element i is word i % 4 of block i / 4.
        if (lane.lanes === 4) {
          return `${draw}(${philoxBlock([`${seed}.x`, `${step}.x`], lane.linearIndex, stream)})`;
        }
        return `${draw}(${philoxBlock([seed!, step!], `(${lane.linearIndex}) / 4u`, stream)})[(${lane.linearIndex}) % 4u]`;
      },
    },
    gradient: () => [null, null],
  });
}

function keyWord(key: Tensor, index: number, shape: Shape): Tensor {
  const word = new Tensor({
    op: 'slice',
    inputs: [key],
    shape: [1],
    dtype: 'u32',
    attributes: `${index}:${index + 1}`,
    body: { kind: 'view', axes: [{ source: 0, start: index }] },
  });
  return new Tensor({
    op: 'broadcastTo',
    inputs: [word],
    shape,
    dtype: 'u32',
    body: { kind: 'view', axes: shape.map(() => ({ source: null, start: 0 })) },
  });
}

/**
 * Uniform on (0, 1).
 *
 * @param key u32 [2]: seed and step, an input of the program.
 * @param stream tells two draws of one program apart.
 */
export function uniform(shape: Shape, key: Tensor, stream: number): Tensor {
  return random('uniform', shape, key, stream);
}

/** Normal with mean 0 and standard deviation 1, by Box and Muller. `key` and `stream` as for uniform. */
export function normal(shape: Shape, key: Tensor, stream: number): Tensor {
  return random('normal', shape, key, stream);
}
