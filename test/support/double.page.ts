/** Runs in the page: the browser's platform module, without Node's. */
import { openAdapter, openTextCache } from '../../src/platform/browser.ts';
import { double } from './double.ts';

/** What the page's adapter is and what it computes. */
export async function doubleInPage() {
  const { adapter, kind, description } = await openAdapter();
  return { kind, description, doubled: await double(adapter) };
}

/** Writes a text, opens the cache again and reads it; and reads one that was never written. */
export async function keepText(text: string) {
  await openTextCache().write('key', text);
  return { kept: await openTextCache().read('key'), missing: (await openTextCache().read('other')) ?? null };
}

/** The complaint about an adapter that a page cannot choose. */
export async function openLavapipe() {
  return openAdapter({ preference: 'lavapipe' }).then(
    () => '',
    (error: Error) => error.message,
  );
}
