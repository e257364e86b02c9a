import { add, cross, dot, scale, toPatient, type Vec3 } from '@yuepian/geometry';
import { describe, expect, it } from 'vitest';
import { ascii, el, join, part10, u16, u32 } from '../testing/bytes.ts';
import {
  buildVolume,
  type Dataset,
  describeInstance,
  layoutSeries,
  nativeFrame,
  readDataset,
  transferSyntax,
} from './index.ts';
import { readCsa } from './mosaic.ts';

/*
 * Truth: seven oblique slices of 4 × 6 pixels; a voxel holds what `truthAt` says of its place in the
 * patient, so that a tile in a wrong place shows.
 */
const tiles = 7;
const [rows, columns] = [4, 6];
const perRow = 3;
const [down, across, gap] = [2.5, 1.75, 3.3];
const row: Vec3 = [0.8, 0.6, 0];
const column: Vec3 = [0, 0, -1];
const origin: Vec3 = [-20.5, 13.25, 40];
const truthAt = ([x, y, z]: Vec3): number => Math.round(2000 + 7 * x + 11 * y + 13 * z);

interface Options {
  /** 1: along rows × columns; −1: against. */
  readonly direction?: 1 | -1;
  readonly number?: number;
  readonly csa?: Uint8Array | undefined;
  readonly told?: number;
  readonly extra?: Uint8Array;
  readonly columns?: number;
}

const step = (direction: number): Vec3 => scale(cross(row, column), direction * gap);
const placeOf = (k: number, j: number, i: number, direction: number): Vec3 =>
  add(add(origin, scale(step(direction), k)), add(scale(row, i * across), scale(column, j * down)));

function text(value: string, length: number): Uint8Array {
  const out = new Uint8Array(length);
  out.set(ascii(value));
  return out;
}

/** A CSA header of tags and their values as https://nipy.org/nibabel/dicom/siemens_csa.html has it. */
function csaHeader(tags: readonly (readonly [string, readonly string[]])[], isNew = true) {
  // Items are filled up with empty ones to a multiple of six, as scanners do.
  const itemsOf = (values: readonly string[]) => Math.max(6, values.length);
  const firstItems = itemsOf(tags[0]?.[1] ?? []);
  const body = tags.flatMap(([name, values]) => {
    const items = Array.from({ length: itemsOf(values) }, (_, n) => {
      const bytes = values[n] === undefined ? new Uint8Array(0) : ascii(`${values[n]}\0`);
      const padded = text('', Math.ceil(bytes.length / 4) * 4);
      padded.set(bytes);
      const length = isNew ? bytes.length : bytes.length + firstItems;
      return join(u32([length, bytes.length, 77, 0]), padded);
    });
    const head = [u32([values.length]), text('DS', 4), u32([3, items.length, 77])];
    return [text(name, 64), ...head, ...items];
  });
  const start = isNew ? [ascii('SV10'), Uint8Array.of(4, 3, 2, 1)] : [];
  return join(...start, u32([tags.length, 77]), ...body);
}

function csaOf(direction: number, isNew = true): Uint8Array {
  const normal = scale(cross(row, column), direction).map((v) => v.toFixed(8));
  const tags = [
    ['EchoLinePosition', ['32']],
    ['NumberOfImagesInMosaic', [String(tiles)]],
    ['SliceNormalVector', normal],
  ] as const;
  return csaHeader(tags, isNew);
}

function mosaic(o: Options = {}): Dataset {
  const direction = o.direction ?? 1;
  const [high, wide] = [rows * perRow, columns * perRow];
  const pixels = new Uint16Array(high * wide);
  for (let k = 0; k < tiles; k++) {
    const [top, left] = [Math.floor(k / perRow) * rows, (k % perRow) * columns];
    for (let j = 0; j < rows; j++) {
      for (let i = 0; i < columns; i++) {
        pixels[(top + j) * wide + left + i] =
          truthAt(placeOf(k, j, i, direction)) + (o.number ?? 0);
      }
    }
  }
  // A slice as large as the whole mosaic, with the middle of the true one.
  const middle = placeOf(0, (rows - 1) / 2, (columns - 1) / 2, direction);
  const corner = add(
    middle,
    add(scale(row, (-across * (wide - 1)) / 2), scale(column, (-down * (high - 1)) / 2)),
  );
  const csa = 'csa' in o ? o.csa : csaOf(direction);
  const body = [
    el(0x00080008, 'CS', 'ORIGINAL\\PRIMARY\\M\\ND\\MOSAIC'),
    el(0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.4'),
    el(0x00080018, 'UI', `1.2.3.${o.number ?? 0}`),
    el(0x00080060, 'CS', 'MR'),
    el(0x00180050, 'DS', '3'),
    el(0x00180088, 'DS', String(gap)),
    ...(o.told === undefined
      ? []
      : [el(0x00190010, 'LO', 'SIEMENS MR HEADER'), el(0x0019100a, 'US', u16([o.told]))]),
    el(0x0020000d, 'UI', '1.2.4'),
    el(0x0020000e, 'UI', '1.2.5'),
    el(0x00200012, 'IS', String(1 + (o.number ?? 0))),
    el(0x00200013, 'IS', String(1 + (o.number ?? 0))),
    el(0x00200032, 'DS', corner.map((v) => v.toFixed(6)).join('\\')),
    el(0x00200037, 'DS', [...row, ...column].join('\\')),
    el(0x00200052, 'UI', '1.2.6'),
    el(0x00280002, 'US', u16([1])),
    el(0x00280004, 'CS', 'MONOCHROME2'),
    el(0x00280010, 'US', u16([high])),
    el(0x00280011, 'US', u16([o.columns ?? wide])),
    el(0x00280030, 'DS', `${down}\\${across}`),
    el(0x00280100, 'US', u16([16])),
    el(0x00280101, 'US', u16([16])),
    el(0x00280102, 'US', u16([15])),
    el(0x00280103, 'US', u16([0])),
    ...(csa ? [el(0x00290011, 'LO', 'SIEMENS CSA HEADER'), el(0x00291110, 'OB', csa)] : []),
    el(0x7fe00010, 'OW', new Uint8Array(pixels.buffer)),
  ];
  return readDataset(part10(transferSyntax.explicit, join(...body)));
}

async function volumesOf(datasets: readonly Dataset[]) {
  const headers = datasets.map(describeInstance);
  const layout = layoutSeries(headers);
  const source = (ref: { sopInstanceUid: string; frame: number }) => {
    const n = headers.findIndex((h) => h.sopInstanceUid === ref.sopInstanceUid);
    return nativeFrame(datasets[n] as Dataset, ref.frame);
  };
  const volumes = [];
  for (const plan of layout.volumes) volumes.push((await buildVolume(plan, source)).volume);
  return { layout, volumes };
}

describe('a Siemens mosaic', () => {
  it.each([
    [1, true],
    [-1, true],
    [1, false],
    [-1, false],
  ] as const)(
    'is a volume, every voxel in its place (slices along %d × normal, SV10 %s)',
    async (direction, isNew) => {
      const { layout, volumes } = await volumesOf([
        mosaic({ direction, csa: csaOf(direction, isNew), told: tiles }),
      ]);
      const [volume] = volumes;
      expect(layout).toMatchObject({ single: [], warnings: [] });
      expect(volume?.size).toEqual([columns, rows, tiles]);
      expect(layout.volumes[0]).toMatchObject({ uniform: true, warnings: [] });
      if (!volume) return;
      // The affine against the truth: the last tile is first where slices run against the normal.
      const normal = cross(row, column);
      for (let k = 0; k < tiles; k++) {
        const tile = direction === 1 ? k : tiles - 1 - k;
        const truth = placeOf(tile, 2, 5, direction);
        const place = toPatient(volume.affine, [5, 2, k]);
        expect(Math.hypot(...place.map((v, a) => v - (truth[a] ?? 0)))).toBeLessThan(1e-5);
      }
      expect(dot(normal, toPatient(volume.affine, [0, 0, 1]))).toBeGreaterThan(
        dot(normal, toPatient(volume.affine, [0, 0, 0])),
      );
      // And every value against what the truth says of the place that the volume gives it.
      for (let p = 0; p < volume.data.length; p++) {
        const [i, j, k] = [
          p % columns,
          Math.floor(p / columns) % rows,
          Math.floor(p / (rows * columns)),
        ];
        expect(volume.data[p]).toBe(truthAt(toPatient(volume.affine, [i, j, k])));
      }
    },
  );

  it('of each time is a volume of its own', async () => {
    const { layout, volumes } = await volumesOf([0, 1, 2].map((number) => mosaic({ number })));
    expect(layout.volumes.map((v) => v.size)).toEqual(Array(3).fill([columns, rows, tiles]));
    expect(layout.single).toEqual([]);
    expect(volumes.map((v) => v.data[0])).toEqual([0, 1, 2].map((n) => truthAt(origin) + n));
  });

  it.each([
    ['no CSA header', { csa: undefined, told: tiles }],
    ['no normal', { csa: csaHeader([['NumberOfImagesInMosaic', ['7']]]) }],
    [
      'a normal that is none of this orientation',
      {
        csa: csaHeader([
          ['NumberOfImagesInMosaic', ['7']],
          ['SliceNormalVector', ['0', '0', '1']],
        ]),
      },
    ],
    ['two numbers of tiles', { told: 9 }],
    ['a CSA header that is cut off', { csa: csaOf(1).subarray(0, 300), told: tiles }],
    ['a matrix that tiles do not fill', { columns: columns * perRow - 1 }],
  ])('with %s stays one image, and says so', async (_, options) => {
    const { layout } = await volumesOf(
      [0, 1, 2, 3].map((number) => mosaic({ ...options, number })),
    );
    expect(layout.volumes).toEqual([]);
    expect(layout.single).toHaveLength(4);
    expect(layout.warnings).toContainEqual({ code: 'mosaic_unplaced', details: {} });
  });
});

describe('a CSA header', () => {
  it('gives numbers by name, and nothing of what is no header', () => {
    for (const isNew of [true, false]) {
      const csa = readCsa(
        csaHeader(
          [
            ['A', ['1']],
            ['B', ['-2.5', '3']],
            ['C', []],
          ],
          isNew,
        ),
      );
      expect([...csa]).toEqual([
        ['A', [1]],
        ['B', [-2.5, 3]],
        ['C', []],
      ]);
    }
    expect(readCsa(new Uint8Array(0)).size).toBe(0);
    expect(readCsa(ascii('SV10')).size).toBe(0);
    expect(readCsa(new Uint8Array(400).fill(255)).size).toBe(0);
  });
});
