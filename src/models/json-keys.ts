/** The one thing that JSON.parse will not say: whether an object has a key twice. */

/**
 * The first key that one object of `text` has twice, or undefined. `text` must be valid JSON (JSON.parse took it);
 * keys are compared unescaped. One pass, without recursion, so that depth costs no stack.
 */
export function duplicateKey(text: string): string | undefined {
  // One set per open object; undefined for an open array.
  const open: (Set<string> | undefined)[] = [];
  let expectsKey = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (character === '"') {
      const start = i++;
      while (text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
      if (!expectsKey) continue;
      const key: unknown = JSON.parse(text.slice(start, i + 1));
      const keys = open.at(-1);
      if (typeof key !== 'string' || keys === undefined) continue;
      if (keys.has(key)) return key;
      keys.add(key);
      expectsKey = false;
    } else if (character === '{') {
      open.push(new Set());
      expectsKey = true;
    } else if (character === '[') {
      open.push(undefined);
      expectsKey = false;
    } else if (character === '}' || character === ']') {
      open.pop();
      expectsKey = false;
    } else if (character === ',') {
      expectsKey = open.at(-1) !== undefined;
    }
  }
  return undefined;
}
