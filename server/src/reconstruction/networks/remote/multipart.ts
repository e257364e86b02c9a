import { randomUUID } from 'node:crypto';

/** A part of a multipart body (RFC 2046 §5.1, RFC 7578). */
export interface BodyPart {
  readonly name: string;
  readonly filename?: string;
  readonly type: string;
  readonly bytes: Uint8Array;
}

export function writeBodyParts(parts: readonly BodyPart[]): {
  body: Uint8Array<ArrayBuffer>;
  contentType: string;
} {
  const boundary = `yuepian-${randomUUID()}`;
  const chunks: Uint8Array[] = [];
  const text = (value: string): void => void chunks.push(Buffer.from(value, 'latin1'));
  for (const { name, filename, type, bytes } of parts) {
    const file = filename === undefined ? '' : `; filename="${filename}"`;
    text(`--${boundary}\r\ncontent-disposition: form-data; name="${name}"${file}\r\n`);
    text(`content-type: ${type}\r\n\r\n`);
    chunks.push(bytes);
    text('\r\n');
  }
  text(`--${boundary}--\r\n`);
  return {
    body: new Uint8Array(Buffer.concat(chunks)),
    contentType: `multipart/form-data; boundary=${boundary}`,
  };
}

/** The parts of a body; empty when there is no boundary or nothing between. */
export function readBodyParts(bytes: Uint8Array, contentType: string): BodyPart[] {
  const boundary = /boundary="?([^";]+)"?/i.exec(contentType)?.[1];
  if (!boundary) return [];
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const mark = Buffer.from(`--${boundary}`);
  const parts: BodyPart[] = [];
  let start = body.indexOf(mark);
  while (start >= 0) {
    const head = start + mark.length;
    const next = body.indexOf(mark, head);
    const split = body.indexOf('\r\n\r\n', head);
    if (next < 0 || split < 0 || split > next) break;
    const headers = body.subarray(head, split).toString('latin1');
    parts.push({
      name: /\bname="([^"]*)"/i.exec(headers)?.[1] ?? '',
      type: /content-type:\s*([^\r\n;]+)/i.exec(headers)?.[1] ?? '',
      // The line end before the boundary belongs to it.
      bytes: new Uint8Array(body.subarray(split + 4, Math.max(split + 4, next - 2))),
    });
    start = next;
  }
  return parts;
}
