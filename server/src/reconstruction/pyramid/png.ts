import { crc32, deflateSync } from 'node:zlib';

/**
 * A PNG of 8-bit samples (ISO/IEC 15948): no palette, no interlace, each row filtered by Sub.
 * @param pixels `channels` samples per pixel (1 grey, 3 RGB), row by row from the top.
 */
export function encodePng(
  pixels: Uint8Array,
  width: number,
  height: number,
  channels: 1 | 3,
): Uint8Array {
  const row = width * channels;
  if (pixels.length !== row * height) throw new RangeError('the pixels do not fill the picture');
  const raw = new Uint8Array((row + 1) * height);
  for (let y = 0, target = 0, source = 0; y < height; y++) {
    raw[target++] = 1;
    for (let x = 0; x < row; x++, source++) {
      const left = x < channels ? 0 : (pixels[source - channels] as number);
      raw[target++] = (pixels[source] as number) - left;
    }
  }
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  header.setUint8(8, 8);
  header.setUint8(9, channels === 1 ? 0 : 2);
  return Buffer.concat([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk('IHDR', new Uint8Array(header.buffer)),
    chunk('IDAT', deflateSync(raw)),
    chunk('IEND', new Uint8Array(0)),
  ]);
}

function chunk(type: string, body: Uint8Array): Uint8Array {
  const out = Buffer.alloc(12 + body.length);
  out.writeUInt32BE(body.length, 0);
  out.write(type, 4, 'latin1');
  out.set(body, 8);
  out.writeUInt32BE(crc32(out.subarray(4, 8 + body.length)), 8 + body.length);
  return out;
}
