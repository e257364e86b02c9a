import { YuepianError } from '@yuepian/contract';
import { type PatientPoint, type Plane, signedDistance, toPatient } from '@yuepian/geometry';
import type { BoneKind } from './names.ts';
import { partBetween } from './part.ts';
import { type Bone, type BoneMap, listed } from './split.ts';

const kindsOf = (map: BoneMap): Map<number, BoneKind> =>
  new Map(map.bones.map((b) => [b.label, b.kind]));

function boneOf(map: BoneMap, label: number): Bone {
  const bone = map.bones.find((b) => b.label === label);
  if (bone === undefined) throw new YuepianError('not_found', { what: `bone ${label}` });
  return bone;
}

/**
 * Two bones become one, which keeps the label and kind of the first. Numbers of the others follow.
 * @throws YuepianError `not_found`.
 */
export function mergeBones(map: BoneMap, a: number, b: number): BoneMap {
  boneOf(map, a);
  boneOf(map, b);
  const kinds = kindsOf(map);
  if (a === b) return map;
  kinds.delete(b);
  return listed(
    map,
    map.data.map((l) => (l === b ? a : l)),
    kinds,
  );
}

/**
 * Cuts a bone in two by a plane, or between two seeds where it is thinnest (`partBetween`). The second part (behind the plane, nearer to the second seed) gets a new label of the same kind.
 * @throws YuepianError `not_found`; `cut_misses` when the cut leaves one side empty or a seed lies off the
 * bone; `invalid_request` when all labels are used.
 */
export function cutBone(
  map: BoneMap,
  label: number,
  by: Plane | readonly [PatientPoint, PatientPoint],
): BoneMap {
  const bone = boneOf(map, label);
  const fresh = Array.from({ length: 255 }, (_, n) => n + 1).find(
    (n) => !map.bones.some((b) => b.label === n),
  );
  if (fresh === undefined) throw new YuepianError('invalid_request', { reason: 'too many bones' });
  const data = map.data.slice();
  const moved =
    'normal' in by
      ? behindPlane(map, data, label, fresh, by)
      : nearerToSecond(map, data, label, fresh, by);
  if (moved === 0 || moved === bone.voxels) throw new YuepianError('cut_misses');
  return listed(map, data, kindsOf(map).set(fresh, bone.kind));
}

function behindPlane(
  map: BoneMap,
  data: Uint8Array,
  label: number,
  fresh: number,
  plane: Plane,
): number {
  const [nx, ny] = map.size;
  let moved = 0;
  for (let i = 0; i < data.length; i++) {
    if (data[i] !== label) continue;
    const p = toPatient(map.affine, [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))]);
    if (signedDistance(plane, p) >= 0) continue;
    data[i] = fresh;
    moved++;
  }
  return moved;
}

/** The seeds of one bone, where it is thinnest between them. */
function nearerToSecond(
  map: BoneMap,
  data: Uint8Array,
  label: number,
  fresh: number,
  seeds: readonly [PatientPoint, PatientPoint],
): number {
  const own = { ...map, data: map.data.map((l) => (l === label ? 1 : 0)) };
  const second = partBetween(own, seeds);
  let moved = 0;
  for (let i = 0; i < second.length; i++) {
    if (second[i] === 0) continue;
    data[i] = fresh;
    moved++;
  }
  return moved;
}
