/** What the engine needs of the machine that it runs on. node.ts and browser.ts each provide it. */

/** What does the work: a GPU, or one of the CPU drivers that stand in for it. */
export type AdapterKind = 'gpu' | 'lavapipe' | 'swiftshader' | 'software';

/** An adapter, the WebGPU instance that it lives in, and what it is. */
export interface HostAdapter {
  readonly gpu: GPU;
  readonly adapter: GPUAdapter;
  readonly kind: AdapterKind;
  /** For people: 'llvmpipe: Mesa 25.0.7 (LLVM 15.0.6)'. */
  readonly description: string;
}

export interface AdapterRequest {
  /**
   * `auto`, `gpu`, `lavapipe`, `swiftshader`, or part of an adapter's description. In Node the default
   * is the environment's FACET_ADAPTER, else `auto`; a page has only `auto` and `gpu`.
   */
  readonly preference?: string;
  /** Is told in one line which adapter was chosen, and on software how to get a faster one. */
  readonly announce?: (line: string) => void;
}

/** Small texts kept between runs (the autotuner's choices). Losing one costs time, never correctness. */
export interface TextCache {
  read(key: string): Promise<string | undefined>;
  write(key: string, text: string): Promise<void>;
}

/** Thrown when there is no adapter, or none that was asked for. */
export class AdapterError extends Error {
  override readonly name = 'AdapterError';
}

/** Tells what does the work from what the adapter says of itself. */
export function adapterKind(info: GPUAdapterInfo): AdapterKind {
  const text = `${info.vendor} ${info.architecture} ${info.device} ${info.description}`.toLowerCase();
  if (text.includes('swiftshader')) return 'swiftshader';
  if (text.includes('llvmpipe') || text.includes('lavapipe')) return 'lavapipe';
  const isSoftware = info.isFallbackAdapter || text.includes('software') || text.includes('basic render');
  return isSoftware ? 'software' : 'gpu';
}

/** An adapter's name for people; browsers hide some of the fields. */
export function adapterDescription(info: GPUAdapterInfo): string {
  return (
    info.description || info.device || [info.vendor, info.architecture].filter(Boolean).join(' ') || 'unnamed'
  );
}
