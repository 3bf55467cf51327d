import { describe, expect, test } from 'vitest';
import { openAdapter } from '../src/platform/node.ts';
import { double } from './support/double.ts';

describe('openAdapter', () => {
  test('computes on the adapter that the machine has, and says in one line which', async () => {
    const lines: string[] = [];
    const { adapter, description } = await openAdapter({ announce: (line) => lines.push(line) });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(description);
    expect(await double(adapter)).toEqual([2, 4, 6, 8]);
  });
});
