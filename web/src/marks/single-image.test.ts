import { affineFromSteps, type Volume } from '@yuepian/geometry';
import { expect, it } from 'vitest';
import { linesOf } from './format.ts';
import { testMark } from './testing.ts';
import { type MeasuringGround, valuesOf } from './values.ts';

/** 8 columns, 4 rows; a pixel's value is ten times its column and once its row. */
const pixels: Volume = {
  size: [8, 4, 1],
  affine: affineFromSteps([1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 0]),
  frameOfReferenceUid: '',
  data: Uint16Array.from({ length: 32 }, (_, n) => 10 * (n % 8) + Math.floor(n / 8)),
};
const raw: MeasuringGround = { volume: undefined, unit: '', grey: 'raw', pixels };
const onFrame = (...parameters: Parameters<typeof testMark>) => {
  const { frameOfReferenceUid: _, ...rest } = testMark(...parameters);
  return { ...rest, frame: { sopInstanceUid: '1.2', frame: 1 } };
};
const said = (mark: ReturnType<typeof onFrame>, ground: MeasuringGround) =>
  linesOf(valuesOf(mark, ground), 'en');

it('a probe reads the pixel under it, without a unit that the file does not give', () => {
  expect(said(onFrame('probe', [[5.4, 2.4, 0]]), raw)).toEqual(['Pixel value 52']);
  expect(said(onFrame('probe', [[8, 1, 0]]), raw)).toEqual(['Outside']);
});

it('a region counts pixels, whether their size in mm is known or not', () => {
  const square = onFrame('rectangle', [
    [3.5, 1.5, 0],
    [4.6, 1.5, 0],
    [3.5, 2.6, 0],
  ]);
  // Columns 3 and 4, rows 1 and 2: 31, 41, 32, 42.
  const unknown = said(square, raw);
  expect(unknown[0]).toBe('Pixel spacing unknown');
  expect(unknown.slice(1)).toEqual([
    'Pixel value · Mean 36.5 ± 5.02',
    'Min 31  Max 42',
    'Pixels 4',
  ]);
  const known = said(square, { ...raw, pixelSize: [0.5, 0.2] });
  expect(known[0]).toMatch(/^Area /);
  expect(known.slice(-3)).toEqual(unknown.slice(-3));
});

it('says why there is no value', () => {
  const probe = onFrame('probe', [[1, 1, 0]]);
  const none = { volume: undefined, unit: '' } as const;
  expect(said(probe, { ...none, grey: 'colour' })).toEqual(['Colour image: no grey value']);
  expect(said(probe, { ...none, grey: 'elsewhere' })).toEqual([
    'Show this image to read its values',
  ]);
  const circle = onFrame('ellipse', [
    [3, 1, 0],
    [5, 1, 0],
    [3, 2, 0],
  ]);
  const lines = said(circle, { ...none, grey: 'colour', pixelSize: [1, 1] });
  expect(lines.at(-1)).toBe('Colour image: no grey value');
  expect(lines[0]).toMatch(/^Area 6.3 mm²/);
});

it('says “outside” only where there are values to be outside of', () => {
  const probe = testMark('probe', [[1, 1, 0]]);
  const none = { volume: undefined, unit: 'HU' } as const;
  const saidOf = (ground: MeasuringGround) => linesOf(valuesOf(probe, ground), 'en');
  expect(saidOf(none)).toEqual(['Loading…']);
  expect(saidOf({ ...none, grey: 'otherSeries' })).toEqual([
    'Measured on another series: no value here',
  ]);
  const reduced = 'This device holds no full resolution: no values';
  expect(saidOf({ ...none, grey: 'reduced' })).toEqual([reduced]);
  const square = testMark('rectangle', [
    [3, 1, 0],
    [5, 1, 0],
    [3, 2, 0],
  ]);
  expect(linesOf(valuesOf(square, { ...none, grey: 'reduced' }), 'en').at(-1)).toBe(reduced);
});
