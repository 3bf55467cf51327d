/** What computes, and what it allows. */

import { bytes, number } from './words.ts';
import type { AdapterFacts } from './worker.ts';

/** In plain words; others are shown by the browser's name. */
const LIMIT_WORDS: Readonly<Record<string, string>> = {
  maxBufferSize: 'largest buffer',
  maxStorageBufferBindingSize: 'largest array a kernel sees',
  maxStorageBuffersPerShaderStage: 'arrays a kernel sees',
  maxComputeWorkgroupStorageSize: 'memory that a workgroup shares',
  maxComputeInvocationsPerWorkgroup: 'threads in a workgroup',
};

export function AdapterView({ facts }: { readonly facts: AdapterFacts }) {
  const { name, software, features, limits } = facts;
  return (
    <section class="panel" aria-labelledby="adapter">
      <h2 id="adapter">{name}</h2>
      <dl class="limits">
        <div>
          <dt>computes on</dt>
          <dd>{software ? 'a processor' : 'a graphics card'}</dd>
        </div>
        {limits.map(({ name: limit, value }) => (
          <div key={limit}>
            <dt title={limit}>{LIMIT_WORDS[limit] ?? limit}</dt>
            <dd>{/Size$/.test(limit) ? bytes(value) : number(value)}</dd>
          </div>
        ))}
        <div>
          <dt>features in use</dt>
          <dd>{features.join(', ') || 'none beyond the standard'}</dd>
        </div>
      </dl>
    </section>
  );
}
