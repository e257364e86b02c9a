import type { VoiWindow } from '@yuepian/contract';
import type { VoxelArray } from '@yuepian/geometry';

/** Smallest and largest value; [0, 0] for nothing. */
export function valueRange(data: VoxelArray): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let p = 0; p < data.length; p++) {
    const value = data[p] as number;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 0];
}

/** A window from the 1st to the 99th percentile of a sample of the values above the background. */
export function percentileWindow(data: ArrayLike<number>): VoiWindow {
  const step = Math.max(1, Math.floor(data.length / 100_000));
  const sample: number[] = [];
  for (let p = 0; p < data.length; p += step) sample.push(data[p] as number);
  const values = Float64Array.from(sample).sort();
  const floor = values[0] ?? 0;
  const inside = values.filter((v) => v > floor);
  const at = (share: number): number =>
    inside[Math.min(inside.length - 1, Math.floor(share * inside.length))] ?? floor;
  const [low, high] = [at(0.01), at(0.99)];
  return { centre: (low + high) / 2, width: Math.max(high - low, 1e-3), name: '' };
}
