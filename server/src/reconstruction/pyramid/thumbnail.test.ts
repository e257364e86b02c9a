import { inflateSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { frameThumbnail, thumbnailSide, volumeThumbnail } from './index.ts';

/** Samples of a grey PNG of ours: one IDAT, every row filtered by Sub. */
function greys(png: Uint8Array): Uint8Array {
  const bytes = Buffer.from(png);
  const at = bytes.indexOf('IDAT');
  const raw = inflateSync(bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at - 4)));
  const pixels = new Uint8Array(thumbnailSide ** 2);
  for (let y = 0; y < thumbnailSide; y++) {
    let left = 0;
    for (let x = 0; x < thumbnailSide; x++) {
      left = (left + (raw[y * (thumbnailSide + 1) + 1 + x] ?? 0)) & 255;
      pixels[y * thumbnailSide + x] = left;
    }
  }
  return pixels;
}

/** Values between 0 and 1, as of SUV or of a diffusion map. */
const values = Float32Array.from({ length: 512 }, (_, i) => (i % 8) / 7);
const window = { centre: 0.5, width: 1.2, name: '' };

it('fractions keep their greys: no unit is taken off the width of a float volume', () => {
  const png = volumeThumbnail(
    {
      size: [8, 8, 8],
      affine: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0],
      data: values,
      frameOfReferenceUid: '1.2',
    },
    { modality: 'PT', window, invert: false },
  );
  expect(new Set(greys(png)).size).toBeGreaterThan(150);
});

it('nor of a float frame', () => {
  const frame = { rows: 8, columns: 8, colour: false };
  const found = new Set(
    greys(frameThumbnail(values.slice(0, 64), frame, { window, invert: false })),
  );
  const wanted = [...values.slice(0, 8)].map((v) => Math.round(255 * ((v - 0.5) / 1.2 + 0.5)));
  expect([...found].sort((a, b) => a - b)).toEqual(wanted);
});
