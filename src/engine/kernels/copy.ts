/** A plain copy: what `after` needs so that its result is a dispatch of its own. */
import copyText from '../../shaders/copy.wgsl';
import { ceilDiv, foldGrid } from './grid.ts';
import type { AdapterTraits, KernelPlan } from './plan.ts';
import { expandTemplate } from './template.ts';

/** out [elements] = x. Input: x. */
export function copy(elements: number, _traits: AdapterTraits): KernelPlan[] {
  const choice = (lanes: 1 | 4): KernelPlan => {
    const total = elements / lanes;
    return {
      label: `copy${lanes} ${elements}`,
      shader: expandTemplate(copyText, {}, 'copy.wgsl'),
      inputs: [{ name: 'x', element: lanes === 4 ? 'vec4f' : 'f32' }],
      params: { total },
      lanes,
      workgroup: [64, 1, 1],
      grid: foldGrid(ceilDiv(total, 64)),
    };
  };
  return elements % 4 === 0 ? [choice(4), choice(1)] : [choice(1)];
}
