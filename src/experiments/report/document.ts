/** A document where there is no browser: what figures are drawn by in Node and in workers. */
import { parseHTML } from 'linkedom';

/** An empty HTML document, of no window. */
export function newDocument(): Document {
  return parseHTML('<!doctype html><html><body></body></html>').document;
}
