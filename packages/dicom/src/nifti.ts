import { YuepianError } from '@yuepian/contract';
import {
  type Affine,
  affineFromSteps,
  determinant,
  scale,
  stepI,
  stepJ,
  stepK,
  toPatient,
  type Vec3,
  type Volume,
  type VoxelArray,
} from '@yuepian/geometry';

/*
 * NIfTI-1 and -2 (nifti1.h, nifti2.h of the NIfTI data format working group). Written here because
 * the header is one table, and a reader for a viewer checks neither lengths nor handedness.
 */

interface Header {
  readonly view: DataView;
  readonly littleEndian: boolean;
  readonly dimensions: readonly number[];
  readonly pixelSizes: readonly number[];
  readonly datatype: number;
  readonly dataOffset: number;
  readonly intentCode: number;
  readonly slope: number;
  readonly intercept: number;
  readonly unitFactor: number;
  readonly qformCode: number;
  readonly sformCode: number;
  readonly quaternion: readonly number[];
  readonly sform: readonly number[];
}

/** A volume of a NIfTI file, and what else its header says of it. */
export interface NiftiVolume extends Volume {
  /** What the values mean (nifti1.h, NIFTI_INTENT_…); 0 when it does not say. */
  readonly intentCode: number;
  /** Names of label values, where a header extension lists them. */
  readonly labelNames: ReadonlyMap<number, string>;
}

/**
 * Reads a NIfTI file (inflated, if it was .nii.gz) as a right-handed volume in LPS mm. Of several time
 * points the first is taken. The sform is preferred to the qform, as NIfTI says for sform_code > 0.
 * @throws YuepianError not_a_volume when it is no NIfTI, has no orientation or no 3D image; truncated.
 */
export function readNifti(
  bytes: Uint8Array,
  o: { readonly frameOfReferenceUid?: string } = {},
): NiftiVolume {
  const h = readHeader(bytes);
  const size = h.dimensions.slice(1, 4) as unknown as Vec3;
  const count = size[0] * size[1] * size[2];
  const data = voxels(h, bytes, count);
  const affine = affineOf(h);
  const volume = { size, affine, frameOfReferenceUid: o.frameOfReferenceUid ?? '', data };
  return {
    ...(determinant(affine) < 0 ? reversedSlices(volume) : volume),
    intentCode: h.intentCode,
    labelNames: labelNames(h, bytes),
  };
}

const no = (reason: string): YuepianError => new YuepianError('not_a_volume', { reason });

function readHeader(bytes: Uint8Array): Header {
  if (bytes.length < 348) throw no('no NIfTI header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const littleEndian of [true, false]) {
    const size = view.getInt32(0, littleEndian);
    if (size === 348) return checked(header1(view, littleEndian));
    if (size === 540 && bytes.length >= 540) return checked(header2(view, littleEndian));
  }
  throw no('no NIfTI header');
}

function header1(view: DataView, le: boolean): Header {
  const f32 = (at: number) => view.getFloat32(at, le);
  const list = (n: number, read: (i: number) => number) =>
    Array.from({ length: n }, (_, i) => read(i));
  return {
    view,
    littleEndian: le,
    dimensions: list(8, (i) => view.getInt16(40 + 2 * i, le)),
    pixelSizes: list(8, (i) => f32(76 + 4 * i)),
    datatype: view.getInt16(70, le),
    dataOffset: f32(108),
    intentCode: view.getInt16(68, le),
    slope: f32(112),
    intercept: f32(116),
    unitFactor: unitFactor(view.getUint8(123)),
    qformCode: view.getInt16(252, le),
    sformCode: view.getInt16(254, le),
    quaternion: list(6, (i) => f32(256 + 4 * i)),
    sform: list(12, (i) => f32(280 + 4 * i)),
  };
}

function header2(view: DataView, le: boolean): Header {
  const f64 = (at: number) => view.getFloat64(at, le);
  const i64 = (at: number) => Number(view.getBigInt64(at, le));
  const list = (n: number, read: (i: number) => number) =>
    Array.from({ length: n }, (_, i) => read(i));
  return {
    view,
    littleEndian: le,
    dimensions: list(8, (i) => i64(16 + 8 * i)),
    pixelSizes: list(8, (i) => f64(104 + 8 * i)),
    datatype: view.getInt16(12, le),
    dataOffset: i64(168),
    intentCode: view.getInt32(504, le),
    slope: f64(176),
    intercept: f64(184),
    unitFactor: unitFactor(view.getInt32(500, le)),
    qformCode: view.getInt32(344, le),
    sformCode: view.getInt32(348, le),
    quaternion: list(6, (i) => f64(352 + 8 * i)),
    sform: list(12, (i) => f64(400 + 8 * i)),
  };
}

/** xyzt_units: 1 metre, 2 millimetre, 3 micrometre; unknown is taken as millimetre. */
const unitFactor = (units: number): number => ({ 1: 1000, 3: 0.001 })[units & 7] ?? 1;

function checked(h: Header): Header {
  const [rank = 0, nx = 0, ny = 0, nz = 0] = h.dimensions;
  const whole = [nx, ny, nz].every((n) => Number.isSafeInteger(n) && n > 0);
  if (rank < 3 || rank > 7 || !whole) throw no(`${nx} × ${ny} × ${nz}`);
  if (!Number.isFinite(h.dataOffset) || h.dataOffset < 0) throw no('no data offset');
  return h;
}

type Samples =
  | Uint8Array
  | Int8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array;

/** NIfTI datatype codes. */
const datatypes: Record<number, readonly [number, (b: ArrayBuffer) => Samples]> = {
  2: [1, (b) => new Uint8Array(b)],
  4: [2, (b) => new Int16Array(b)],
  8: [4, (b) => new Int32Array(b)],
  16: [4, (b) => new Float32Array(b)],
  64: [8, (b) => new Float64Array(b)],
  256: [1, (b) => new Int8Array(b)],
  512: [2, (b) => new Uint16Array(b)],
  768: [4, (b) => new Uint32Array(b)],
};

function samplesOf(h: Header, bytes: Uint8Array, count: number): Samples {
  const type = datatypes[h.datatype];
  if (!type) throw no(`NIfTI data type ${h.datatype}`);
  const [size, view] = type;
  const start = Math.floor(h.dataOffset);
  if (start + count * size > bytes.length) throw new YuepianError('truncated', { where: 'NIfTI' });
  const copy = new Uint8Array(bytes.subarray(start, start + count * size));
  if (!h.littleEndian && size > 1) {
    for (let n = 0; n < copy.length; n += size) copy.subarray(n, n + size).reverse();
  }
  return view(copy.buffer);
}

/** Scaled values: int16 (uint8 for labels) where they are whole and fit, else float32. */
function voxels(h: Header, bytes: Uint8Array, count: number): VoxelArray {
  const raw = samplesOf(h, bytes, count);
  // A slope of 0 means that the values are not scaled.
  const scaled = Number.isFinite(h.slope) && h.slope !== 0;
  const slope = scaled ? h.slope : 1;
  const intercept = scaled && Number.isFinite(h.intercept) ? h.intercept : 0;
  const identity = slope === 1 && intercept === 0;
  if (identity && (raw instanceof Int16Array || raw instanceof Uint8Array)) return raw;
  let [min, max, whole] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, true];
  for (let n = 0; n < count; n++) {
    const v = (raw[n] as number) * slope + intercept;
    if (v < min) min = v;
    if (v > max) max = v;
    if (whole && !Number.isInteger(v)) whole = false;
  }
  const fits = whole && min >= -32768 && max <= 32767;
  const data = fits ? new Int16Array(count) : new Float32Array(count);
  for (let n = 0; n < count; n++) data[n] = (raw[n] as number) * slope + intercept;
  return data;
}

/** Voxel → LPS mm. NIfTI counts x to the right and y to the front (RAS): both change sign. */
function affineOf(h: Header): Affine {
  const ras = h.sformCode > 0 ? h.sform : h.qformCode > 0 ? qform(h) : undefined;
  if (!ras?.every(Number.isFinite)) throw no('NIfTI without orientation');
  const m = ras.map((v, n) => (n < 8 ? -v : v) * h.unitFactor) as unknown as Affine;
  if (Math.abs(determinant(m)) < 1e-9) throw no('NIfTI with a flat voxel');
  return m;
}

/** Method 2 of nifti1.h: a unit quaternion, voxel sizes, and the sign of k in pixdim[0]. */
function qform(h: Header): number[] {
  const [b = 0, c = 0, d = 0, x = 0, y = 0, z = 0] = h.quaternion;
  const a = Math.sqrt(Math.max(0, 1 - (b * b + c * c + d * d)));
  const [q = 1, sx = 1, sy = 1, sz = 1] = h.pixelSizes;
  const k = q < 0 ? -sz : sz;
  return [
    (a * a + b * b - c * c - d * d) * sx,
    2 * (b * c - a * d) * sy,
    2 * (b * d + a * c) * k,
    x,
    2 * (b * c + a * d) * sx,
    (a * a + c * c - b * b - d * d) * sy,
    2 * (c * d - a * b) * k,
    y,
    2 * (b * d - a * c) * sx,
    2 * (c * d + a * b) * sy,
    (a * a + d * d - c * c - b * b) * k,
    z,
  ];
}

/** The same image with its slices in the opposite order: right-handed where it was left-handed. */
function reversedSlices(v: Volume): Volume {
  const [nx, ny, nz] = v.size;
  const length = nx * ny;
  const data = v.data.slice();
  for (let k = 0; k < nz; k++) {
    data.set(v.data.subarray((nz - 1 - k) * length, (nz - k) * length), k * length);
  }
  const last = toPatient(v.affine, [0, 0, nz - 1]);
  const affine = affineFromSteps(
    stepI(v.affine),
    stepJ(v.affine),
    scale(stepK(v.affine), -1),
    last,
  );
  return { ...v, affine, data };
}

/** The label table of the CARET extension (NIfTI ecode 30), which segmentation programs write. */
function labelNames(h: Header, bytes: Uint8Array): Map<number, string> {
  const names = new Map<number, string>();
  const header = bytes.subarray(348, Math.min(bytes.length, h.dataOffset, 2 ** 20));
  const text = new TextDecoder().decode(header);
  const pattern = /<Label\s[^>]*Key="(\d+)"[^>]*>\s*(?:<!\[CDATA\[)?([^<\]]+)/g;
  for (const [, value, name] of text.matchAll(pattern)) {
    if (name?.trim()) names.set(Number(value), name.trim());
  }
  return names;
}
