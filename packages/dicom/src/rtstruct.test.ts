import { affineFromSteps, type Vec3 } from '@yuepian/geometry';
import { describe, expect, it } from 'vitest';
import { readDataset } from './read.ts';
import { type Contour, contoursToLabelMap, readRtStructureSet } from './rtstruct.ts';
import { element, sequence, uidFrom, writeInstance } from './write/index.ts';

const frame = uidFrom('frame');
const grid = {
  size: [60, 50, 12] as Vec3,
  affine: affineFromSteps([1, 0, 0], [0, 1.5, 0], [0, 0, 3], [-30, -36, 5]),
  frameOfReferenceUid: frame,
};

const circle = (x: number, y: number, z: number, radius: number, points = 120): Contour =>
  Array.from({ length: points }, (_, n): Vec3 => {
    const t = (2 * Math.PI * n) / points;
    return [x + radius * Math.cos(t), y + radius * Math.sin(t), z];
  });

const structure = (contours: readonly Contour[], key = 'roi_1') => ({
  number: 1,
  key,
  name: key,
  frameOfReferenceUid: frame,
  contours,
  leftOut: 0,
});

const ml = (data: Uint8Array, labels: readonly number[] = [1]): number =>
  (data.filter((v) => labels.includes(v)).length * 4.5) / 1000;

describe('contoursToLabelMap', () => {
  it('fills a cylinder to its volume', () => {
    const slices = Array.from({ length: 12 }, (_, k) => circle(2, -1, 5 + 3 * k, 20));
    const { data } = contoursToLabelMap([structure(slices)], grid);
    expect(Math.abs(ml(data) / ((Math.PI * 400 * 36) / 1000) - 1)).toBeLessThan(0.01);
  });

  it('leaves a hole where one contour lies in another', () => {
    const slices = Array.from({ length: 12 }, (_, k) => [
      circle(0, 0, 5 + 3 * k, 20),
      circle(0, 0, 5 + 3 * k, 10),
    ]).flat();
    const { data } = contoursToLabelMap([structure(slices)], grid);
    expect(Math.abs(ml(data) / ((Math.PI * 300 * 36) / 1000) - 1)).toBeLessThan(0.015);
  });

  it('spreads contours that lie wider apart than the slices, and no further', () => {
    // Every second slice: planes 6 mm apart stand for 6 mm each.
    const slices = [0, 2, 4].map((k) => circle(0, 0, 5 + 3 * k, 15));
    const { data } = contoursToLabelMap([structure(slices)], grid);
    const planes = Array.from({ length: 12 }, (_, k) =>
      data.subarray(k * 3000, (k + 1) * 3000).some((v) => v > 0),
    );
    expect(planes.lastIndexOf(true)).toBeLessThanOrEqual(5);
    expect(planes.slice(0, 5)).toEqual([true, true, true, true, true]);
  });

  it('reads contours of sagittal planes', () => {
    // Normal along x: the rows of the grid pierce the planes.
    const slices = Array.from({ length: 20 }, (_, n) =>
      circle(0, 0, 0, 12).map(([a, b]): Vec3 => [-10 + n, b, 22 + a]),
    );
    const { data } = contoursToLabelMap([structure(slices)], grid);
    expect(Math.abs(ml(data) / ((Math.PI * 144 * 20) / 1000) - 1)).toBeLessThan(0.06);
  });

  it('gives shared voxels to both of two regions', () => {
    const at = (x: number) => Array.from({ length: 12 }, (_, k) => circle(x, 0, 5 + 3 * k, 12));
    const map = contoursToLabelMap([structure(at(-6), 'roi_1'), structure(at(6), 'roi_2')], grid);
    const [a, b] = map.segments;
    expect(a?.labels).toHaveLength(2);
    const whole = (Math.PI * 144 * 36) / 1000;
    expect(Math.abs(ml(map.data, a?.labels) / whole - 1)).toBeLessThan(0.03);
    expect(Math.abs(ml(map.data, b?.labels) / whole - 1)).toBeLessThan(0.03);
  });
});

describe('readRtStructureSet', () => {
  const write = (kind: string, points: Contour) =>
    sequence({
      '30060042': element('CS', kind),
      '30060046': element('IS', points.length),
      '30060050': element('DS', ...points.flat().map((v) => Number(v.toFixed(4)))),
    });

  it('reads names, colours and closed contours, and counts what is open', () => {
    const bytes = writeInstance({
      '00080016': element('UI', '1.2.840.10008.5.1.4.1.1.481.3'),
      '00080018': element('UI', uidFrom('set')),
      '00080060': element('CS', 'RTSTRUCT'),
      '00080070': element('LO', 'Maker'),
      '0020000D': element('UI', uidFrom('study')),
      '0020000E': element('UI', uidFrom('series')),
      '30060002': element('SH', 'Plan'),
      '30060010': sequence({
        '00200052': element('UI', frame),
        '30060012': sequence({
          '30060014': sequence({ '0020000E': element('UI', uidFrom('ct')) }),
        }),
      }),
      '30060020': sequence(
        {
          '30060022': element('IS', 3),
          '30060024': element('UI', frame),
          '30060026': element('LO', 'GTV'),
        },
        {
          '30060022': element('IS', 4),
          '30060024': element('UI', frame),
          '30060026': element('LO', 'Line'),
        },
      ),
      '30060039': sequence(
        {
          '30060084': element('IS', 3),
          '3006002A': element('IS', 255, 0, 16),
          '30060040': write('CLOSED_PLANAR', circle(0, 0, 5, 9, 20)),
        },
        { '30060084': element('IS', 4), '30060040': write('OPEN_PLANAR', circle(0, 0, 5, 9, 20)) },
      ),
    });
    const set = readRtStructureSet(readDataset(bytes));
    expect(set).toMatchObject({
      label: 'Plan',
      manufacturer: 'Maker',
      seriesInstanceUids: [uidFrom('ct')],
      frameOfReferenceUid: frame,
    });
    const [gtv, line] = set.structures;
    expect(gtv).toMatchObject({ number: 3, name: 'GTV', colour: '#ff0010', leftOut: 0 });
    expect(gtv?.contours[0]).toHaveLength(20);
    expect(line).toMatchObject({ name: 'Line', leftOut: 1, contours: [] });
  });
});
