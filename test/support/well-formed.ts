/** A strict little checker of markup: linkedom, like a browser, forgives what a test must not. */

const VOID = new Set(['meta', 'img', 'br', 'link', 'hr', 'input']);
const ENTITY = /&(?!(?:amp|lt|gt|quot|apos|nbsp|#\d+|#x[\da-f]+);)/i;

/**
 * Checks that tags nest and close, attributes are quoted and not repeated, and `<` and `&` stand for
 * themselves nowhere: XML's rules, but for HTML's elements without an end.
 *
 * @throws Error that shows the place.
 */
export function assertWellFormed(markup: string): void {
  const open: string[] = [];
  const tags =
    /<(\/?)([a-zA-Z][\w:-]*)((?:\s+[\w:-]+\s*=\s*"[^"<]*"|\s+[\w:-]+\s*=\s*'[^'<]*')*)\s*(\/?)>|<!doctype html>|<\?xml [^?]*\?>/gi;
  let at = 0;
  const fail = (what: string): never => {
    throw new Error(`${what} at ${at}: …${markup.slice(Math.max(0, at - 60), at + 90)}…`);
  };
  for (const match of markup.matchAll(tags)) {
    const between = markup.slice(at, match.index);
    if (open.at(-1) !== 'style' && (between.includes('<') || ENTITY.test(between))) fail('stray < or &');
    at = match.index + match[0].length;
    const [, closing, name, attributes = '', selfClosing] = match;
    if (name === undefined) continue;
    if (ENTITY.test(attributes)) fail('stray & in an attribute');
    const names = [...attributes.matchAll(/([\w:-]+)\s*=\s*(?:"[^"]*"|'[^']*')/g)].map((m) => m[1]);
    if (new Set(names).size < names.length) fail('an attribute twice');
    if (closing) {
      if (open.pop() !== name) fail(`</${name}> closes another element`);
    } else if (!selfClosing && !VOID.has(name.toLowerCase())) open.push(name);
  }
  if (open.length > 0) throw new Error(`not closed: ${open.join(' ')}`);
  if (markup.slice(at).trim() !== '') fail('text after the end');
}
