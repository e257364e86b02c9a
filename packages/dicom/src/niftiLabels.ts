import type { LabelMap, Segment } from '@yuepian/geometry';
import type { NiftiVolume } from './nifti.ts';

/** NIFTI_INTENT_LABEL of nifti1.h. */
const intentLabel = 1002;
/** One byte a voxel, 0 for what has no label. */
const mostLabels = 255;

/**
 * The labels of a NIfTI file that is a segmentation, not an image: when its header says so, or when
 * it holds few whole numbers, none negative, in large constant regions, of which an image's noise
 * leaves none. A name such as `seg` lets smaller regions do.
 * @param title name of the file.
 * @returns undefined for an image. Labels are numbered anew, 1…; a segment's key is its name in the
 * file, else `label_` and its value.
 */
export function niftiLabelMap(volume: NiftiVolume, title: string): LabelMap | undefined {
  const named = /(^|[^a-z])(seg|segmentation|label|labels|labelmap|mask|roi|aseg|parc)([^a-z]|$)/i;
  const told = volume.intentCode === intentLabel || volume.labelNames.size > 0;
  const values = distinctValues(volume.data, told || named.test(title) ? mostLabels : 128);
  if (values === undefined) return undefined;
  if (!told && constantShare(volume.data) < (named.test(title) ? 0.3 : 0.6)) return undefined;
  const number = new Map(values.map((value, n) => [value, n + 1]));
  const data = new Uint8Array(volume.data.length);
  for (let i = 0; i < data.length; i++) data[i] = number.get(volume.data[i] as number) ?? 0;
  const { size, affine, frameOfReferenceUid } = volume;
  const segments = values.map((value, n): Segment => {
    // A segment label is an LO: at most 64 characters, no backslash (PS3.5 table 6.2-1).
    const name = [...(volume.labelNames.get(value) ?? '')].slice(0, 64).join('');
    return { key: name.replace(/[\\\p{Cc}]/gu, ' ').trim() || `label_${value}`, labels: [n + 1] };
  });
  return { size, affine, frameOfReferenceUid, data, segments };
}

/** Values other than 0, ascending; undefined when there are more, none, or one is no label. */
function distinctValues(data: NiftiVolume['data'], most: number): number[] | undefined {
  const found = new Set<number>();
  let last = 0;
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    if (value === last) continue;
    last = value;
    if (!Number.isInteger(value) || value < 0) return undefined;
    if (value !== 0) found.add(value);
    if (found.size > most) return undefined;
  }
  return found.size === 0 ? undefined : [...found].sort((a, b) => a - b);
}

/** Of the neighbours along a row that are not both 0, the share that is equal. */
function constantShare(data: NiftiVolume['data']): number {
  let equal = 0;
  let all = 0;
  for (let i = 1; i < data.length; i++) {
    const value = data[i] as number;
    const before = data[i - 1] as number;
    if (value === 0 && before === 0) continue;
    all++;
    if (value === before) equal++;
  }
  return all === 0 ? 0 : equal / all;
}
