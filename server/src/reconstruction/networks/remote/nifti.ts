import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { Volume } from '@yuepian/geometry';

const compress = promisify(gzip);
const decompress = promisify(gunzip);

/** A body that is gzip, inflated (at most 2 GB); another as it is. */
export async function inflated(bytes: Uint8Array): Promise<Uint8Array> {
  const zipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return zipped ? decompress(bytes, { maxOutputLength: 2 ** 31 - 1 }) : bytes;
}

/** A volume as NIfTI-1 (nifti1.h), gzipped; float32, sform in RAS mm. */
export async function writeNifti(volume: Volume): Promise<Uint8Array> {
  const head = new DataView(new ArrayBuffer(352));
  const m = volume.affine;
  head.setInt32(0, 348, true);
  [3, ...volume.size, 1, 1, 1, 1].forEach((n, i) => {
    head.setInt16(40 + 2 * i, n, true);
  });
  head.setInt16(70, 16, true);
  head.setInt16(72, 32, true);
  const steps = [0, 1, 2].map((c) =>
    Math.hypot(m[c] as number, m[c + 4] as number, m[c + 8] as number),
  );
  [1, ...steps].forEach((s, i) => {
    head.setFloat32(76 + 4 * i, s, true);
  });
  head.setFloat32(108, 352, true);
  head.setFloat32(112, 1, true);
  head.setUint8(123, 2);
  head.setInt16(254, 1, true);
  // LPS to RAS: the first two rows change sign.
  m.forEach((v, i) => {
    head.setFloat32(280 + 4 * i, i < 8 ? -v : v, true);
  });
  new Uint8Array(head.buffer).set(Buffer.from('n+1\0', 'latin1'), 344);
  const values = Float32Array.from(volume.data);
  const bytes = Buffer.concat([new Uint8Array(head.buffer), new Uint8Array(values.buffer)]);
  return compress(bytes, { level: 1 });
}
