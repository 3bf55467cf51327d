/** The data room in a page: the same readers over picked files and fetched ranges, in Chromium. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeImage } from '../src/platform/node-images.ts';
import { openTestBrowser, type TestBrowser } from './support/browser.ts';
import { formulaImage, formulaPixels, writeTar } from './support/data-fixtures.ts';
import { writeBin } from './support/data-pickle-writer.ts';
import { insightFacePayloads, writeRecordFile } from './support/data-records.ts';

const PAGE = fileURLToPath(new URL('./support/data-files.page.ts', import.meta.url));
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

describe('the data room, in Chromium', () => {
  let browser: TestBrowser;
  let server: Server;
  let files: Record<string, string>;
  let jpeg: Uint8Array;
  beforeAll(async () => {
    const png = await formulaImage(16, 1, 'png');
    jpeg = await formulaImage(16, 2, 'jpeg');
    const { records, index } = writeRecordFile(insightFacePayloads([[png], [jpeg, png]]));
    files = {
      'faces/ann/1.png': base64(png),
      'faces/bob/1.jpg': base64(jpeg),
      'faces.tar': base64(
        writeTar([
          { name: 'ann/1.png', data: png },
          { name: 'bob/1.jpg', data: jpeg },
        ]),
      ),
      'ms1m/train.rec': base64(records),
      'ms1m/train.idx': base64(new TextEncoder().encode(index)),
      'lfw.bin': base64(writeBin([png, jpeg], [false], { protocol: 2, python2: true })),
      'pairs.csv': base64(new TextEncoder().encode('image_a,image_b,same\nann/1.png,bob/1.jpg,0\n')),
      'broken/ann/1.jpg': base64(jpeg.subarray(0, 200)),
    };
    server = createServer((request, response) => {
      response.setHeader('access-control-allow-origin', '*');
      response.setHeader('access-control-allow-headers', 'range');
      response.setHeader('access-control-expose-headers', 'content-range');
      const [, first, last] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? [];
      const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
      if (request.method === 'OPTIONS' || request.url !== '/ranges' || first === undefined) {
        return void response.end(request.method === 'OPTIONS' ? '' : bytes);
      }
      response.writeHead(206, { 'content-range': `bytes ${first}-${last}/1000` });
      return void response.end(bytes.subarray(Number(first), Number(last) + 1));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    browser = await openTestBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    server.closeAllConnections();
    server.close();
  });

  test.each([
    [
      'faces',
      0,
      { format: 'folder of identity/image', identities: ['ann', 'bob'], names: ['ann/1.png', 'bob/1.jpg'] },
    ],
    ['faces.tar', 0, { format: 'tar of identity/image', identities: ['ann', 'bob'] }],
    ['ms1m', 2, { format: 'InsightFace RecordIO, with an index', names: ['0/1', '1/2', '1/3'] }],
    ['lfw.bin', 0, { format: 'InsightFace verification set (.bin)' }],
  ])('opens %s', async (path, image, expected) => {
    const set = await browser.call(PAGE, 'openPicked', files, path, image, 16);
    expect(set).toMatchObject(expected);
    expect((set as { pixels: number[] }).pixels).toEqual([...formulaPixels(16, 1)]);
  });

  test('decodes and resizes nearly as Node does', async () => {
    const set = await browser.call(PAGE, 'openPicked', files, 'faces', 1, 8);
    const node = await decodeImage(jpeg, 8);
    const { pixels } = set as { pixels: number[] };
    const error = pixels.reduce((sum, byte, i) => sum + Math.abs(byte - node[i]!), 0) / node.length;
    expect(pixels).toHaveLength(node.length);
    expect(error).toBeLessThan(4);
  });

  test('opens a list of pairs', async () => {
    expect(await browser.call(PAGE, 'openPickedPairs', files, 'pairs.csv', 'faces')).toEqual({
      format: 'a CSV of pairs',
      pairs: [{ a: 0, b: 1, same: false, fold: 0 }],
    });
  });

  test('says what is wrong, as Node does', async () => {
    expect(await browser.call(PAGE, 'complaint', files, 'nothing')).toMatch(
      /DataError: nothing: is not among the 8 files/,
    );
    expect(await browser.call(PAGE, 'complaint', files, 'broken')).toMatch(
      /ImageError: broken: ann\/1\.jpg: /,
    );
  });

  test('fetches ranges, and refuses a server that has none', async () => {
    const { port } = server.address() as AddressInfo;
    expect(await browser.call(PAGE, 'fetchRange', `http://127.0.0.1:${port}/ranges`, 250, 3)).toEqual({
      size: 1000,
      bytes: [250, 0, 1],
    });
    expect(await browser.call(PAGE, 'fetchRange', `http://127.0.0.1:${port}/whole`, 0, 3)).toEqual({
      error: expect.stringMatching(/answered 200 to a request for bytes=0-0; expected 206/),
    });
    expect(await browser.call(PAGE, 'fetchRange', `http://127.0.0.1:${port}/ranges`, 990, 20)).toEqual({
      error: expect.stringMatching(/cannot read bytes 990 to 1010; it has 1000/),
    });
  });
});
