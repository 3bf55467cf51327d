/**
 * The text expander behind `src/shaders/*.wgsl`: plain WGSL, three line directives, integers only.
 *
 *     #for r in 0..ROWS      repeat the lines to #end with r = 0, 1, … ROWS - 1
 *     #if SUBGROUPS          keep the lines to #else / #end when the value is not 0
 *     $NAME  $(r * 4 + 1)    a value, or integer arithmetic of values
 *
 * Loops are unrolled into names and constant indices here, because shader compilers keep a named scalar
 * in a register where they may put a dynamically indexed array in memory.
 */

/** Names that a template may use, and their integer values. */
export type TemplateValues = Readonly<Record<string, number>>;

type Block =
  | { readonly kind: 'line'; readonly line: number; readonly text: string }
  | {
      readonly kind: 'for';
      readonly line: number;
      readonly name: string;
      readonly from: string;
      readonly to: string;
      readonly body: Block[];
    }
  | {
      readonly kind: 'if';
      readonly line: number;
      readonly test: string;
      readonly body: Block[];
      otherwise: Block[];
    };

/** An error that says which template and which of its lines. */
export class TemplateError extends Error {
  constructor(template: string, line: number, problem: string) {
    super(`${template}:${line}: ${problem}`);
    this.name = 'TemplateError';
  }
}

/**
 * Expands `text` with `values`.
 * @param template what to call the text in errors, for instance its file name
 */
export function expandTemplate(text: string, values: TemplateValues, template = 'template'): string {
  for (const [name, value] of Object.entries(values)) {
    if (!Number.isSafeInteger(value))
      throw new TemplateError(template, 0, `${name} must be an integer, got ${value}`);
  }
  const lines: string[] = [];
  emit(parse(text, template), values, template, lines);
  return lines.join('\n');
}

function parse(text: string, template: string): Block[] {
  const root: Block[] = [];
  const open: { block: Exclude<Block, { kind: 'line' }>; target: Block[]; sawElse: boolean }[] = [];
  let target = root;
  text.split('\n').forEach((source, index) => {
    const line = index + 1;
    const directive = /^\s*#(\w+)\s*(.*?)\s*$/.exec(source);
    if (!directive) {
      target.push({ kind: 'line', line, text: source });
      return;
    }
    const [, word, rest] = directive as unknown as [string, string, string];
    if (word === 'for') {
      const loop = /^([A-Za-z_]\w*)\s+in\s+(.+?)\s*\.\.\s*(.+)$/.exec(rest);
      if (!loop)
        throw new TemplateError(template, line, `expected "#for name in from..to", got "${source.trim()}"`);
      const [, name, from, to] = loop as unknown as [string, string, string, string];
      const block: Block = { kind: 'for', line, name, from, to, body: [] };
      target.push(block);
      open.push({ block, target, sawElse: false });
      target = block.body;
    } else if (word === 'if') {
      if (!rest) throw new TemplateError(template, line, '#if without a condition');
      const block: Block = { kind: 'if', line, test: rest, body: [], otherwise: [] };
      target.push(block);
      open.push({ block, target, sawElse: false });
      target = block.body;
    } else if (word === 'else') {
      const top = open.at(-1);
      if (top?.block.kind !== 'if' || top.sawElse)
        throw new TemplateError(template, line, '#else without its #if');
      top.sawElse = true;
      target = top.block.otherwise;
    } else if (word === 'end') {
      const top = open.pop();
      if (!top) throw new TemplateError(template, line, '#end without #for or #if');
      target = top.target;
    } else {
      throw new TemplateError(template, line, `unknown directive #${word}`);
    }
  });
  const left = open.at(-1);
  if (left) throw new TemplateError(template, left.block.line, `#${left.block.kind} without #end`);
  return root;
}

function emit(blocks: readonly Block[], values: TemplateValues, template: string, lines: string[]): void {
  for (const block of blocks) {
    if (block.kind === 'line') {
      lines.push(substitute(block.text, values, template, block.line));
    } else if (block.kind === 'if') {
      const kept = evaluate(block.test, values, template, block.line) !== 0 ? block.body : block.otherwise;
      emit(kept, values, template, lines);
    } else {
      const from = evaluate(block.from, values, template, block.line);
      const to = evaluate(block.to, values, template, block.line);
      for (let i = from; i < to; i++) emit(block.body, { ...values, [block.name]: i }, template, lines);
    }
  }
}

/** Replaces every `$NAME` and `$(…)` of one line. */
function substitute(text: string, values: TemplateValues, template: string, line: number): string {
  let out = '';
  let at = 0;
  for (;;) {
    const dollar = text.indexOf('$', at);
    if (dollar < 0) return out + text.slice(at);
    out += text.slice(at, dollar);
    if (text[dollar + 1] === '(') {
      const close = matchingParenthesis(text, dollar + 1);
      if (close < 0) throw new TemplateError(template, line, `no ) for the $( in "${text.trim()}"`);
      out += evaluate(text.slice(dollar + 2, close), values, template, line);
      at = close + 1;
    } else {
      const name = /^[A-Za-z_]\w*/.exec(text.slice(dollar + 1))?.[0];
      if (!name) throw new TemplateError(template, line, `$ without a name in "${text.trim()}"`);
      out += evaluate(name, values, template, line);
      at = dollar + 1 + name.length;
    }
  }
}

function matchingParenthesis(text: string, open: number): number {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')' && --depth === 0) return i;
  }
  return -1;
}

/** Binary operators by how tightly they bind, loosest first. */
const OPERATORS: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['==', '!=', '<=', '>=', '<', '>'],
  ['+', '-'],
  ['*', '/', '%'],
];

/** Integer arithmetic; a comparison gives 1 or 0, division rounds towards zero. */
function evaluate(expression: string, values: TemplateValues, template: string, line: number): number {
  const fail = (problem: string): never => {
    throw new TemplateError(template, line, `${problem} in "${expression.trim()}"`);
  };
  const tokens = expression.match(/\d+|[A-Za-z_]\w*|\|\||&&|[=!<>]=|[-+*/%<>()!]|\S/g) ?? [];
  let at = 0;

  const apply = (operator: string, a: number, b: number): number => {
    switch (operator) {
      case '||':
        return a !== 0 || b !== 0 ? 1 : 0;
      case '&&':
        return a !== 0 && b !== 0 ? 1 : 0;
      case '==':
        return a === b ? 1 : 0;
      case '!=':
        return a !== b ? 1 : 0;
      case '<=':
        return a <= b ? 1 : 0;
      case '>=':
        return a >= b ? 1 : 0;
      case '<':
        return a < b ? 1 : 0;
      case '>':
        return a > b ? 1 : 0;
      case '+':
        return a + b;
      case '-':
        return a - b;
      case '*':
        return a * b;
      default:
        if (b === 0) fail('division by zero');
        return operator === '/' ? Math.trunc(a / b) : a % b;
    }
  };
  const unary = (): number => {
    const token = tokens[at++];
    if (token === undefined) return fail('an operand is missing');
    if (token === '-') return -unary();
    if (token === '!') return unary() === 0 ? 1 : 0;
    if (token === '(') {
      const value = binary(0);
      if (tokens[at++] !== ')') fail('a ) is missing');
      return value;
    }
    if (/^\d/.test(token)) return Number(token);
    if (!/^[A-Za-z_]/.test(token)) return fail(`unexpected "${token}"`);
    const value = Object.hasOwn(values, token) ? values[token] : undefined;
    return value ?? fail(`unknown name ${token} (known: ${Object.keys(values).join(', ') || 'none'})`);
  };
  const binary = (level: number): number => {
    const operators = OPERATORS[level];
    if (!operators) return unary();
    let value = binary(level + 1);
    for (let token = tokens[at]; token !== undefined && operators.includes(token); token = tokens[at]) {
      at++;
      value = apply(token, value, binary(level + 1));
    }
    return value;
  };

  const value = binary(0);
  if (at < tokens.length) fail(`unexpected "${tokens[at]}"`);
  return value;
}
