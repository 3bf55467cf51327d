/** The browser's WebGPU and storage. */
import {
  AdapterError,
  type AdapterRequest,
  adapterDescription,
  adapterKind,
  type HostAdapter,
  type TextCache,
} from './host.ts';

/** Opens the page's adapter. The page has no say over drivers, only over power. */
export async function openAdapter(request: AdapterRequest = {}): Promise<HostAdapter> {
  const preference = request.preference ?? 'auto';
  if (preference !== 'auto' && preference !== 'gpu') {
    throw new AdapterError(`openAdapter: expected 'auto' or 'gpu' in a browser, got '${preference}'`);
  }
  const gpu = navigator.gpu;
  if (!gpu) {
    const why = isSecureContext
      ? 'use Chrome or Edge ≥ 113, Safari ≥ 26 or Firefox ≥ 141'
      : 'the page is not a secure context: serve it over https or from localhost';
    throw new AdapterError(`openAdapter: this browser offers no WebGPU (navigator.gpu is missing); ${why}`);
  }
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) {
    throw new AdapterError(
      'openAdapter: the browser has WebGPU but no adapter for it (its page about:gpu says why); ' +
        'on a machine without a GPU start Chromium with --enable-unsafe-webgpu --use-webgpu-adapter=swiftshader',
    );
  }
  const kind = adapterKind(adapter.info);
  if (preference === 'gpu' && kind !== 'gpu') {
    throw new AdapterError(`openAdapter: expected a GPU, got ${adapterDescription(adapter.info)} (${kind})`);
  }
  const description = adapterDescription(adapter.info);
  request.announce?.(`facet: running on ${description} (${kind})`);
  return { gpu, adapter, kind, description };
}

const DATABASE = 'facet';
const STORE = 'texts';

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB request failed'));
  });
}

async function withStore<T>(
  mode: IDBTransactionMode,
  use: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  const database = await settled(opening);
  try {
    return await settled(use(database.transaction(STORE, mode).objectStore(STORE)));
  } finally {
    database.close();
  }
}

/** Texts kept in IndexedDB. Where a page has no storage (private windows), nothing is kept. */
export function openTextCache(): TextCache {
  return {
    async read(key) {
      const text: unknown = await withStore('readonly', (store) => store.get(key)).catch(() => undefined);
      return typeof text === 'string' ? text : undefined;
    },
    async write(key, text) {
      await withStore('readwrite', (store) => store.put(text, key)).catch(() => undefined);
    },
  };
}
