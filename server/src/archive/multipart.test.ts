import { describe, expect, it } from 'vitest';
import { headerParameters, readMultipart } from './multipart.ts';

interface Read {
  headers: Record<string, string>;
  body: string;
}

async function* pieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function readAll(text: string, size: number, boundary = 'bb'): Promise<Read[]> {
  const parts: Read[] = [];
  for await (const part of readMultipart(pieces(text, size), boundary)) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of part.body) chunks.push(chunk);
    parts.push({
      headers: Object.fromEntries(part.headers),
      body: Buffer.concat(chunks).toString('latin1'),
    });
  }
  return parts;
}

// Bodies that look like the boundary for a while.
const bodies = [
  'plain',
  '\r\n--b',
  '\r\n\r\n--bx\r',
  '',
  '\r\r\n-\r\n--',
  `${'x'.repeat(300)}\r\n--`,
];
const message = `${bodies.map((b) => `\r\n--bb\r\nA: 1\r\nX-Long: a\r\n b\r\n\r\n${b}`).join('')}\r\n--bb--\r\nepilogue`;

describe('readMultipart', () => {
  it.each([1, 2, 3, 5, 7, 64, 10_000])('finds parts in pieces of %i bytes', async (size) => {
    const parts = await readAll(message, size);
    expect(parts.map((p) => p.body)).toEqual(bodies);
    expect(parts[0]?.headers).toEqual({ a: '1', 'x-long': 'a b' });
  });

  it('takes what is legal: no leading CRLF, a preamble, padding, no headers', async () => {
    expect(await readAll('--bb\r\n\r\nx\r\n--bb--', 4)).toEqual([{ headers: {}, body: 'x' }]);
    const padded = 'preamble\r\n--bb \t\r\nA: 1\r\n\r\ny\r\n--bb--\r\n';
    expect(await readAll(padded, 4)).toEqual([{ headers: { a: '1' }, body: 'y' }]);
  });

  it('goes on to the next part when a reader gives up on one', async () => {
    const seen: string[] = [];
    for await (const part of readMultipart(pieces(message, 50), 'bb')) {
      for await (const chunk of part.body) {
        seen.push(Buffer.from(chunk).toString('latin1').slice(0, 2));
        break;
      }
    }
    expect(seen).toHaveLength(bodies.filter((b) => b !== '').length);
  });

  it('says when the message ends before its end', async () => {
    for (const cut of [3, 20, 100, message.length - 20]) {
      await expect(readAll(message.slice(0, cut), 10)).rejects.toMatchObject({
        code: 'connection_cut',
      });
    }
  });

  it('refuses endless headers and a missing boundary', async () => {
    await expect(readAll(`--bb\r\n${'a: b\r\n'.repeat(9000)}`, 1000)).rejects.toMatchObject({
      code: 'invalid_request',
    });
    await expect(readAll(message, 100, '')).rejects.toMatchObject({ code: 'invalid_request' });
  });
});

describe('headerParameters', () => {
  it('reads quoted and plain ones', () => {
    const { value, parameters } = headerParameters(
      'multipart/Related; type="application/dicom"; boundary=a=b;x="q\\"; y"',
    );
    expect(value).toBe('multipart/related');
    expect(Object.fromEntries(parameters)).toEqual({
      type: 'application/dicom',
      boundary: 'a=b',
      x: 'q"; y',
    });
  });
});
