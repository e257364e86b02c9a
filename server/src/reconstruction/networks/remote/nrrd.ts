import { YuepianError } from '@yuepian/contract';
import type { Affine, Vec3, Volume } from '@yuepian/geometry';
import { inflated } from './nifti.ts';

/*
 * NRRD (Teem, "Definition of NRRD File Format"), as label servers write it: attached data, three
 * axes, raw or gzip, little-endian integers or floats.
 */

const readers: Readonly<Record<string, readonly [number, (v: DataView, at: number) => number]>> = {
  'unsigned char': [1, (v, at) => v.getUint8(at)],
  uchar: [1, (v, at) => v.getUint8(at)],
  uint8: [1, (v, at) => v.getUint8(at)],
  'signed char': [1, (v, at) => v.getInt8(at)],
  int8: [1, (v, at) => v.getInt8(at)],
  short: [2, (v, at) => v.getInt16(at, true)],
  int16: [2, (v, at) => v.getInt16(at, true)],
  'unsigned short': [2, (v, at) => v.getUint16(at, true)],
  ushort: [2, (v, at) => v.getUint16(at, true)],
  uint16: [2, (v, at) => v.getUint16(at, true)],
  int: [4, (v, at) => v.getInt32(at, true)],
  int32: [4, (v, at) => v.getInt32(at, true)],
  'unsigned int': [4, (v, at) => v.getUint32(at, true)],
  uint32: [4, (v, at) => v.getUint32(at, true)],
  float: [4, (v, at) => v.getFloat32(at, true)],
};

const no = (reason: string): YuepianError => new YuepianError('not_a_volume', { reason });

/** @throws YuepianError not_a_volume. */
export async function readNrrd(bytes: Uint8Array): Promise<Volume> {
  const start = Buffer.from(bytes.subarray(0, 65_536)).toString('latin1');
  const blank = /\r?\n\r?\n/.exec(start);
  if (!start.startsWith('NRRD') || !blank) throw no('no NRRD header');
  const end = blank.index + blank[0].length;
  const fields = new Map<string, string>();
  for (const line of start.slice(0, blank.index).split(/\r?\n/).slice(1)) {
    const field = /^([^:#]+):=?\s*(.*)$/.exec(line);
    if (field?.[1]) fields.set(field[1].trim().toLowerCase(), (field[2] ?? '').trim());
  }
  const size = numbers(fields.get('sizes'));
  const reader = readers[fields.get('type') ?? ''];
  if (size.length !== 3 || !reader) throw no(`NRRD of ${fields.get('type')} ${size.join('×')}`);
  if (fields.get('endian') === 'big') throw no('big-endian NRRD');
  const [width, read] = reader;
  const encoding = fields.get('encoding') ?? 'raw';
  if (!/^(raw|gz|gzip)$/.test(encoding)) throw no(`NRRD encoded as ${encoding}`);
  const data = encoding === 'raw' ? bytes.subarray(end) : await inflated(bytes.subarray(end));
  const count = size.reduce((n, s) => n * s, 1);
  if (data.length < count * width) throw no('the NRRD is cut off');
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const values = new Float32Array(count);
  for (let n = 0; n < count; n++) values[n] = read(view, n * width);
  return {
    size: size as unknown as Vec3,
    affine: affineOf(fields),
    frameOfReferenceUid: '',
    data: values,
  };
}

function affineOf(fields: ReadonlyMap<string, string>): Affine {
  const d = numbers(fields.get('space directions'));
  const o = numbers(fields.get('space origin'));
  if (d.length !== 9 || o.length !== 3) throw no('NRRD without directions');
  const space = fields.get('space') ?? '';
  const ras = /^(right-anterior-superior|ras)$/.test(space);
  if (!ras && !/^(left-posterior-superior|lps)$/.test(space)) throw no(`NRRD in space ${space}`);
  const sign = ras ? [-1, -1, 1] : [1, 1, 1];
  return [0, 1, 2].flatMap((row) =>
    [d[row], d[3 + row], d[6 + row], o[row]].map((v) => (v as number) * (sign[row] as number)),
  ) as unknown as Affine;
}

const numbers = (text = ''): number[] =>
  (text.match(/[-+]?[\d.]+(?:[eE][-+]?\d+)?/g) ?? []).map(Number);
