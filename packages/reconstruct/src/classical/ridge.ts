/** How much lower both sides must be, HU. */
const drop = 60;

/**
 * True when the voxel tops its neighbours on both sides of some axis: a thin plate of bone, whose
 * density is low because it is thin, and not the blurred slope of a thick one. Neighbours are
 * `reach` voxels away; at the end of the data the answer is false.
 * @param row @param plane index steps to the next row and slice.
 */
export function isRidge(
  data: ArrayLike<number>,
  p: number,
  reach: number,
  row: number,
  plane: number,
): boolean {
  const limit = (data[p] as number) - drop;
  const x = reach;
  const y = reach * row;
  const z = plane;
  if (p < Math.max(y, z) || p + Math.max(y, z) >= data.length) return false;
  return (
    ((data[p - x] as number) < limit && (data[p + x] as number) < limit) ||
    ((data[p - y] as number) < limit && (data[p + y] as number) < limit) ||
    ((data[p - z] as number) < limit && (data[p + z] as number) < limit)
  );
}
