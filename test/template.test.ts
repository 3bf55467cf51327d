import { describe, expect, it } from 'vitest';
import { expandTemplate } from '../src/engine/kernels/template.ts';

const tidy = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);

describe('expandTemplate', () => {
  it.each<[string, Record<string, number>, string[]]>([
    ['let a = $ROWS;', { ROWS: 8 }, ['let a = 8;']],
    ['a$(i)_$j', { i: 1, j: 2 }, ['a1_2']],
    ['$(r * 4 + 1) $(7 / 2) $(7 % 4) $(-3 + 1) $(2 * (1 + 2))', { r: 2 }, ['9 3 3 -2 6']],
    ['$(1 < 2) $(2 <= 1) $(3 == 3) $(3 != 3) $(2 > 1 && 0 >= 1) $(!0 || 0)', {}, ['1 0 1 0 0 1']],
    ['$(10 - 3 - 2)', {}, ['5']],
    ['#for r in 0..N\nx$r\n#end', { N: 3 }, ['x0', 'x1', 'x2']],
    ['#for r in 1..1\nx$r\n#end\ny', {}, ['y']],
    ['#for r in 0..2\n#for c in r..(r + 2)\n$r$c\n#end\n#end', {}, ['00', '01', '11', '12']],
    ['#if F\na\n#else\nb\n#end', { F: 1 }, ['a']],
    ['#if F\na\n#else\nb\n#end', { F: 0 }, ['b']],
    ['  #if F == 2\n#if G\na\n#end\nb\n  #end', { F: 2, G: 0 }, ['b']],
  ])('expands %j with %j', (text, values, lines) => {
    expect(tidy(expandTemplate(text, values))).toEqual(lines);
  });

  it('leaves plain WGSL alone', () => {
    const text = '@compute @workgroup_size(8) fn main() {\n  let a = b & c; // 100%\n}';
    expect(expandTemplate(text, {})).toBe(text);
  });

  it.each<[string, RegExp]>([
    ['ok\nlet a = $WIDTH;', /t\.wgsl:2: unknown name WIDTH/],
    ['$(1 +)', /t\.wgsl:1: an operand is missing/],
    ['$(1 2)', /t\.wgsl:1: unexpected "2"/],
    ['$(1', /no \)/],
    ['$(4 / 0)', /division by zero/],
    ['a $ b', /\$ without a name/],
    ['\n#for r of 0..3\n#end', /t\.wgsl:2: expected "#for/],
    ['a\n#if 1\nb', /t\.wgsl:2: #if without #end/],
    ['#end', /#end without/],
    ['#else', /#else without/],
    ['#if 1\n#else\n#else\n#end', /t\.wgsl:3: #else without/],
    ['#for r in 0..2\n#else\n#end', /#else without/],
    ['#unless X', /unknown directive #unless/],
  ])('says what is wrong with %j', (text, message) => {
    expect(() => expandTemplate(text, {}, 't.wgsl')).toThrow(message);
  });

  it('refuses values that are not integers', () => {
    expect(() => expandTemplate('', { N: 0.5 })).toThrow(/N must be an integer, got 0\.5/);
  });
});
